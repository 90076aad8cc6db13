// SPDX-License-Identifier: Apache-2.0

// Web serves the files of a directory: `web SOCKET DIRECTORY` answers `GET /NAME` on a Unix socket.
// It has no business with owners of files. `POST /hole?...` stands for a hole through which somebody
// else runs code in it, and does what such code would do.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: web SOCKET DIRECTORY")
	}
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/", http.FileServer(http.Dir(os.Args[2])))
	http.Handle("/hole", hole(os.Args[2]))
	fmt.Println("ready")
	log.Fatal(http.Serve(listener, nil))
}

func hole(directory string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		query := r.URL.Query()
		if command := query.Get("run"); command != "" {
			err = exec.Command(command).Run()
		} else {
			var uid int
			if uid, err = strconv.Atoi(query.Get("uid")); err == nil {
				err = os.Chown(filepath.Join(directory, query.Get("name")), uid, -1)
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		fmt.Fprintln(w, "done")
	})
}
