/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small server on TCP, one thread for each connection, one command a line:
 *
 *     echo TEXT        says TEXT
 *     own FILE UID     gives FILE to user UID
 *     run PROGRAM      starts PROGRAM
 *     socket FAMILY    opens a socket of an address family (AF_INET is 2, AF_PACKET is 17)
 *
 * The last three are what somebody would do who has taken the server over. Each answers "done", or
 * what the kernel said.
 *
 * `server PORT` listens on 127.0.0.1 and prints the port, which is useful when PORT is 0.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int own(char *arguments)
{
    char *uid = strchr(arguments, ' ');
    if (!uid) {
        return EINVAL;
    }
    *uid++ = 0;
    return chown(arguments, (uid_t)strtoul(uid, NULL, 10), (gid_t)-1) < 0 ? errno : 0;
}

static int run(char *program)
{
    pid_t child;
    char *const arguments[] = {program, NULL}, *const environment[] = {NULL};
    int problem = posix_spawn(&child, program, NULL, NULL, arguments, environment);
    if (problem == 0) {
        waitpid(child, NULL, 0);
    }
    return problem;
}

static int open_socket(const char *family)
{
    int fd = socket((int)strtol(family, NULL, 10), SOCK_DGRAM, 0);
    if (fd < 0) {
        return errno;
    }
    close(fd);
    return 0;
}

static void answer(FILE *stream, char *line)
{
    line[strcspn(line, "\r\n")] = 0;
    char *arguments = strchr(line, ' ');
    if (!arguments) {
        fputs("what?\n", stream);
        return;
    }
    *arguments++ = 0;
    int problem = EINVAL;
    if (strcmp(line, "echo") == 0) {
        fprintf(stream, "%s\n", arguments);
        return;
    }
    if (strcmp(line, "own") == 0) {
        problem = own(arguments);
    } else if (strcmp(line, "run") == 0) {
        problem = run(arguments);
    } else if (strcmp(line, "socket") == 0) {
        problem = open_socket(arguments);
    }
    fprintf(stream, "%s\n", problem ? strerror(problem) : "done");
}

static void *serve(void *argument)
{
    FILE *stream = fdopen((int)(intptr_t)argument, "r+");
    char line[512];
    while (stream && fgets(line, sizeof line, stream)) {
        /* one stream, two directions: ISO C wants the position set in between */
        fflush(stream);
        answer(stream, line);
        fflush(stream);
    }
    if (stream) {
        fclose(stream);
    }
    return NULL;
}

int main(int argument_count, char **arguments)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    if (argument_count == 2) {
        address.sin_port = htons((uint16_t)strtoul(arguments[1], NULL, 10));
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 ||
        listen(listener, 16) < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
        perror("server");
        return 1;
    }
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        pthread_t thread;
        if (connection < 0) {
            continue;
        }
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)connection) == 0) {
            pthread_detach(thread);
        } else {
            close(connection);
        }
    }
}
