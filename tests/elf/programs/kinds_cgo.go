// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package main

/*
static int twice(int number)
{
    return 2 * number;
}
*/
import "C"

func twice(number int) int {
	return int(C.twice(C.int(number)))
}
