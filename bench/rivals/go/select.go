// SPDX-License-Identifier: MIT

package main

import (
	"math"
	"time"
)

// As pushpull-bench has it: four channels that are full are filled up again after so many selects, so
// that none can be empty in between.  The clock stops meanwhile, and what a look at it takes is subtracted.
const (
	selectRings = 4
	selectRun   = 63
	clockReads  = 100
	clockGroups = 20
)

type four[T item] [selectRings]chan T

func openFour[T item](capacity int) (f four[T]) {
	for i := range f {
		f[i] = make(chan T, capacity)
	}
	return
}

// Until all are full.
func (f *four[T]) fill(a *account) {
	for _, ch := range f {
		for len(ch) < cap(ch) {
			var it T
			it[0] = a.moved
			ch <- it
			a.moved++
			a.sum += it[0]
		}
	}
}

func (f *four[T]) empty(a *account) {
	for _, ch := range f {
		for len(ch) > 0 {
			a.sum += (<-ch)[0]
			a.moved++
		}
	}
}

func runOfSelects[T item](f *four[T], a *account) {
	c0, c1, c2, c3 := f[0], f[1], f[2], f[3]
	var sum uint64
	for i := 0; i < selectRun; i++ {
		select {
		case it := <-c0:
			sum += it[0]
		case it := <-c1:
			sum += it[0]
		case it := <-c2:
			sum += it[0]
		case it := <-c3:
			sum += it[0]
		}
	}
	a.moved += selectRun
	a.sum += sum
}

// Whoever finds an item is wrong.
func runOfNothing[T item](f *four[T], a *account) {
	c0, c1, c2, c3 := f[0], f[1], f[2], f[3]
	for i := 0; i < selectRun; i++ {
		select {
		case <-c0:
			a.moved++
		case <-c1:
			a.moved++
		case <-c2:
			a.moved++
		case <-c3:
			a.moved++
		default:
		}
	}
}

// What a look at the clock takes, if nothing comes between; in seconds.
func clockTime() float64 {
	least := math.Inf(1)
	for group := 0; group < clockGroups; group++ {
		start := time.Now()
		last := start
		for i := 0; i < clockReads; i++ {
			last = time.Now()
		}
		least = math.Min(least, last.Sub(start).Seconds()/clockReads)
	}
	return least
}

// One goroutine, four channels that all have items, or all have none.
func selectAlone[T item](s *settings, items uint64, ready bool) result {
	f := openFour[T](s.capacity)
	var pushed, pulled account
	var total time.Duration
	runs := items/selectRun + 1
	before := cpuSeconds()
	for i := uint64(0); i < runs; i++ {
		if ready {
			f.fill(&pushed)
			start := time.Now()
			runOfSelects(&f, &pulled)
			total += time.Since(start)
		} else {
			start := time.Now()
			runOfNothing(&f, &pulled)
			total += time.Since(start)
		}
	}
	f.empty(&pulled)
	agree(pushed, pulled)
	cpu := cpuSeconds() - before
	return result{runs * selectRun, total.Seconds() - float64(runs)*clockTime(), cpu}
}

// Two goroutines: over two channels in turn there, over two others back.
func selectRally[T item](s *settings, items uint64) result {
	f := openFour[T](s.capacity)
	all := make([]account, 4)
	done := make(chan struct{})
	go func() {
		there, back := f[:2], f[2:]
		for i := uint64(0); i < items; i++ {
			var it T
			at := 0
			select {
			case it = <-there[0]:
			case it = <-there[1]:
				at = 1
			}
			all[2].moved, all[2].sum = all[2].moved+1, all[2].sum+it[0]
			back[at] <- it
			all[1].moved, all[1].sum = all[1].moved+1, all[1].sum+it[0]
		}
		close(done)
	}()
	before, begin := cpuSeconds(), time.Now()
	for i := uint64(0); i < items; i++ {
		var it T
		it[0] = i
		f[i&1] <- it
		all[0].moved, all[0].sum = all[0].moved+1, all[0].sum+i
		select {
		case it = <-f[2]:
		case it = <-f[3]:
		}
		all[3].moved, all[3].sum = all[3].moved+1, all[3].sum+it[0]
	}
	end := time.Now()
	<-done
	agree(all[0], all[2])
	agree(all[1], all[3])
	return result{items, end.Sub(begin).Seconds(), cpuSeconds() - before}
}

// One side of mixed: so many meetings, each a push or a pull.
func mix[T item](to, from chan T, meetings uint64, pushed, pulled *account) {
	var next T
	for i := uint64(0); i < meetings; i++ {
		select {
		case to <- next:
			pushed.moved++
			pushed.sum += next[0]
			next[0]++
		case it := <-from:
			pulled.moved++
			pulled.sum += it[0]
		}
	}
}

// Two goroutines, each: push into one channel of capacity 0 or pull from another.
func selectMixed[T item](s *settings, items uint64) result {
	f := openFour[T](s.capacity)
	all := make([]account, 4)
	done := make(chan struct{})
	go func() {
		mix(f[1], f[0], items, &all[2], &all[1])
		close(done)
	}()
	before, begin := cpuSeconds(), time.Now()
	mix(f[0], f[1], items, &all[0], &all[3])
	end := time.Now()
	<-done
	agree(all[0], all[1])
	agree(all[2], all[3])
	return result{items, end.Sub(begin).Seconds(), cpuSeconds() - before}
}

func selecting[T item](s *settings) func(uint64) result {
	switch s.workload {
	case "select-ready", "select-nothing":
		return func(n uint64) result { return selectAlone[T](s, n, s.workload == "select-ready") }
	case "select-pingpong":
		return func(n uint64) result { return selectRally[T](s, n) }
	case "select-mixed":
		return func(n uint64) result { return selectMixed[T](s, n) }
	}
	return nil
}
