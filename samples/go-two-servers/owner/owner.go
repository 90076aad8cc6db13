// SPDX-License-Identifier: Apache-2.0

// Owner takes files in and hands each to the user it is for: `owner SOCKET DIRECTORY` serves
// `PUT /NAME?uid=N` on a Unix socket. It has to call chown(2): that is what it is for.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: owner SOCKET DIRECTORY")
	}
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	log.Fatal(http.Serve(listener, takeIn(os.Args[2])))
}

func takeIn(directory string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		uid, err := strconv.Atoi(r.URL.Query().Get("uid"))
		if r.Method != http.MethodPut || err != nil {
			http.Error(w, "PUT /NAME?uid=N", http.StatusBadRequest)
			return
		}
		content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		path := filepath.Join(directory, filepath.Base(r.URL.Path))
		if err = os.WriteFile(path, content, 0o640); err == nil {
			err = os.Chown(path, uid, -1)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, "%s now belongs to %d\n", filepath.Base(path), uid)
	})
}
