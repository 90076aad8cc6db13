// SPDX-License-Identifier: Apache-2.0

// The Go program of the matrix: goroutines on several threads, the garbage collector, a recovered
// panic; then the denied call. Same protocol as kinds.c.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
)

func tryCall(who string) {
	directory := fmt.Sprintf("kinds-directory-%d", os.Getpid())
	err := os.Mkdir(directory, 0o700)
	var number syscall.Errno
	switch {
	case err == nil:
		os.Remove(directory)
		fmt.Printf("call from %s: allowed\n", who)
	case errors.As(err, &number):
		fmt.Printf("call from %s: errno %d\n", who, int(number))
	default:
		fmt.Printf("call from %s: %v\n", who, err)
	}
}

func recovered() (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	var none map[string]int
	none["nil"] = 1
	return "not reached"
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "hold" {
		fmt.Println("holding")
		byte := make([]byte, 1)
		for {
			if n, err := os.Stdin.Read(byte); n == 0 || err != nil {
				return
			}
		}
	}
	var group sync.WaitGroup
	results := make(chan int, 64)
	for i := 0; i < 64; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			block := make([]int, 10000)
			for j := range block {
				block[j] = i
			}
			runtime.Gosched()
			sum := 0
			for _, value := range block {
				sum += value
			}
			results <- sum
		}(i)
	}
	group.Wait()
	runtime.GC()
	close(results)
	total := 0
	for sum := range results {
		total += sum
	}
	fmt.Println("goroutines:", total)
	fmt.Println("panic:", recovered())
	fmt.Println("cgo:", twice(21))
	tryCall("main")
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		tryCall("thread")
		done <- true
	}()
	<-done
	fmt.Println("done")
}
