// SPDX-License-Identifier: Apache-2.0
// The C++ program of the matrix: exceptions through frames with destructors (the unwinder finds its
// tables by dl_iterate_phdr and PT_GNU_EH_FRAME), thread_local objects, static objects, RTTI,
// threads; then the denied call. Same protocol as kinds.c.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace
{

int destroyed;

struct Guard {
    ~Guard()
    {
        destroyed++;
    }
};

struct Local {
    std::string text = "thread-local";
    ~Local()
    {
        __atomic_add_fetch(&destroyed, 1, __ATOMIC_SEQ_CST);
    }
};
thread_local Local local;

struct Global {
    std::map<std::string, int> numbers{{"one", 1}, {"two", 2}, {"three", 3}};
};
Global global;

struct Base {
    virtual ~Base() = default;
};
struct Derived : Base {
    int value = 7;
};

class Problem : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

void __attribute__((noinline)) fall(int depth)
{
    Guard guard;
    if (depth == 0) {
        throw Problem("at the bottom");
    }
    fall(depth - 1);
}

void try_call(const char *who)
{
    std::string directory = "kinds-directory-" + std::to_string(getpid());
    if (mkdir(directory.c_str(), 0700) == 0) {
        rmdir(directory.c_str());
        std::cout << "call from " << who << ": allowed" << std::endl;
    } else {
        std::cout << "call from " << who << ": errno " << errno << std::endl;
    }
}

int hold()
{
    char byte;
    std::cout << "holding" << std::endl;
    while (read(0, &byte, 1) > 0) {
    }
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc > 1 && std::strcmp(argv[1], "hold") == 0) {
        return hold();
    }
    try {
        fall(10);
    } catch (const Problem &problem) {
        std::cout << "caught: " << problem.what() << ", destroyed " << destroyed << std::endl;
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([] {
            local.text += "!";
            try {
                fall(0);
            } catch (const std::exception &) {
            }
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
    std::unique_ptr<Base> base = std::make_unique<Derived>();
    std::cout << "rtti: " << dynamic_cast<Derived *>(base.get())->value << std::endl;
    std::cout << "static: " << global.numbers.at("three") << " " << local.text << std::endl;
    try {
        (void)global.numbers.at("four");
    } catch (const std::out_of_range &) {
        std::cout << "caught: out of range" << std::endl;
    }
    try_call("main");
    std::thread([] { try_call("thread"); }).join();
    std::cout << "done" << std::endl;
    return 0;
}
