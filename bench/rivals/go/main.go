// SPDX-License-Identifier: MIT

// Go's channels in the workloads of pushpull-bench: items through one channel, one item there and
// back over two, or select among several.  Prints results as Google Benchmark does.  Exit status: 1 when items were lost
// or came twice, 2 for wrong arguments.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// An item is as large as it says, and carries its word in front.
type item interface {
	[1]uint64 | [8]uint64
}

// What one thread did.
type account struct {
	moved, sum uint64
	begin, end time.Time
}

// What a repetition came to.
type result struct {
	items        uint64
	seconds, cpu float64
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func push[T item](ch chan T, producer, n uint64, a *account) {
	var it T
	var sum uint64
	for i := uint64(0); i < n; i++ {
		it[0] = producer<<40 | i
		sum += it[0]
		ch <- it
	}
	a.moved, a.sum = n, sum
}

func pull[T item](ch chan T, a *account) {
	var moved, sum uint64
	for it := range ch {
		moved++
		sum += it[0]
	}
	a.moved, a.sum = moved, sum
}

// One repetition: a channel of its own, as many items as are asked for, shared out over the producers.
func stream[T item](s *settings, items uint64) result {
	ch := make(chan T, s.capacity)
	all := make([]account, s.producers+s.consumers)
	start := make(chan struct{})
	var pushing, working sync.WaitGroup
	work := func(a *account, pushes bool, body func()) {
		<-start
		a.begin = time.Now()
		body()
		a.end = time.Now()
		if pushes {
			pushing.Done()
		}
		working.Done()
	}

	pushing.Add(s.producers)
	working.Add(len(all))
	for i := 0; i < s.producers; i++ {
		i, a := uint64(i), &all[i]
		go work(a, true, func() { push(ch, i, share(items, uint64(s.producers), i), a) })
	}
	for i := s.producers; i < len(all); i++ {
		a := &all[i]
		go work(a, false, func() { pull(ch, a) })
	}
	before := cpuSeconds()
	close(start)
	pushing.Wait()
	close(ch)
	working.Wait()
	return addUp(all, s.producers, cpuSeconds()-before)
}

// One item at a time, there and back.
func pingPong[T item](s *settings, items uint64) result {
	out, back := make(chan T, s.capacity), make(chan T, s.capacity)
	all := make([]account, 2)
	done := make(chan struct{})

	go func() {
		for it := range out {
			back <- it
		}
		close(done)
	}()
	before, begin := cpuSeconds(), time.Now()
	for i := uint64(0); i < items; i++ {
		var it T
		it[0] = i
		out <- it
		all[0].moved, all[0].sum = all[0].moved+1, all[0].sum+i
		it = <-back
		all[1].moved, all[1].sum = all[1].moved+1, all[1].sum+it[0]
	}
	end := time.Now()
	close(out)
	<-done
	for i := range all {
		all[i].begin, all[i].end = begin, end
	}
	return addUp(all, 1, cpuSeconds()-before)
}

func share(items, among, index uint64) uint64 {
	n := items / among
	if index < items%among {
		n++
	}
	return n
}

func agree(pushed, pulled account) {
	if pushed.moved != pulled.moved || pushed.sum != pulled.sum {
		fmt.Fprintf(os.Stderr, "go: items were lost or came twice: %d pushed, %d pulled, sums %d and %d\n",
			pushed.moved, pulled.moved, pushed.sum, pulled.sum)
		os.Exit(1)
	}
}

// Both sides' totals must agree.
func addUp(all []account, producers int, cpu float64) result {
	var moved, sum [2]uint64
	begin, end := all[0].begin, all[0].end
	for i := range all {
		side := 0
		if i >= producers {
			side = 1
		}
		moved[side] += all[i].moved
		sum[side] += all[i].sum
		if all[i].begin.Before(begin) {
			begin = all[i].begin
		}
		if all[i].end.After(end) {
			end = all[i].end
		}
	}
	agree(account{moved: moved[0], sum: sum[0]}, account{moved: moved[1], sum: sum[1]})
	return result{moved[1], end.Sub(begin).Seconds(), cpu}
}

// Warm up until the time tells how many items fill a repetition, then measure.
func measure(s *settings, once func(uint64) result) {
	items := uint64(1024)
	for {
		r := once(items)
		if r.seconds >= s.seconds/4 {
			items = uint64(float64(items)*s.seconds/r.seconds) + 1
			break
		}
		items *= 2
	}
	results := make([]result, s.reps)
	for i := range results {
		results[i] = once(items)
	}
	printAll(s, results)
}

func main() {
	s := readSettings()
	// As many running threads as the two CPUs that every contestant has.
	if runtime.NumCPU() < 2 {
		runtime.GOMAXPROCS(1)
	} else {
		runtime.GOMAXPROCS(2)
	}
	body := map[string]func(uint64) result{
		"stream 8":    func(n uint64) result { return stream[[1]uint64](s, n) },
		"stream 64":   func(n uint64) result { return stream[[8]uint64](s, n) },
		"pingpong 8":  func(n uint64) result { return pingPong[[1]uint64](s, n) },
		"pingpong 64": func(n uint64) result { return pingPong[[8]uint64](s, n) },
	}
	workload := s.workload
	if workload == "rendezvous" {
		workload = "stream"
	}
	once := body[fmt.Sprintf("%s %d", workload, s.itemSize)]
	if once == nil && s.itemSize == 8 {
		once = selecting[[1]uint64](s)
	} else if once == nil {
		once = selecting[[8]uint64](s)
	}
	measure(s, once)
}
