// SPDX-License-Identifier: Apache-2.0

// Answers /sum/N with the sum of 1..N, computed by goroutines, and /child/WORD with what a child
// process echoes. Prints its address, ends at SIGTERM.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func sum(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/sum/"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var total int64
	var all sync.WaitGroup
	for part := int64(0); part < 8; part++ {
		all.Add(1)
		go func(part int64) {
			defer all.Done()
			runtime.LockOSThread() // a thread each, while it lasts
			defer runtime.UnlockOSThread()
			for i := part + 1; i <= n; i += 8 {
				atomic.AddInt64(&total, i)
			}
		}(part)
	}
	all.Wait()
	fmt.Fprintln(w, total)
}

func child(w http.ResponseWriter, r *http.Request) {
	out, err := exec.Command("/bin/echo", strings.TrimPrefix(r.URL.Path, "/child/")).Output()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write(out)
}

func main() {
	runtime.GOMAXPROCS(4)
	http.HandleFunc("/sum/", sum)
	http.HandleFunc("/child/", child)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	server := &http.Server{}
	done := make(chan os.Signal, 1)
	signal.Notify(done, syscall.SIGTERM)
	go server.Serve(listener)
	<-done
	deadline, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
