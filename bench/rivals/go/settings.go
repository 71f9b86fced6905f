// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

type settings struct {
	queue, shape, workload   string
	producers, consumers     int
	capacity, itemSize, reps int
	seconds                  float64
}

// Whatever --capacity says.
var selectCapacity = map[string]int{
	"select-ready": selectRun + 1, "select-nothing": selectRun + 1, "select-pingpong": 1, "select-mixed": 0,
}

func refuse(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "go: "+format+"\n", arguments...)
	os.Exit(2)
}

func readSettings() *settings {
	s := &settings{}
	batch := 0
	flag.StringVar(&s.queue, "queue", "go", "go")
	flag.StringVar(&s.shape, "shape", "1P1C", "producers and consumers")
	flag.IntVar(&s.capacity, "capacity", 64, "items; 0 hands over")
	flag.IntVar(&s.itemSize, "item-size", 8, "bytes: 8 or 64")
	flag.IntVar(&batch, "batch", 1, "1")
	flag.Float64Var(&s.seconds, "seconds", 0.1, "length of a repetition")
	flag.IntVar(&s.reps, "reps", 5, "repetitions")
	flag.StringVar(&s.workload, "workload", "stream", "stream, pingpong, rendezvous or select-...")
	flag.Parse()
	if flag.NArg() > 0 {
		refuse("what is '%s'?", flag.Arg(0))
	}
	if n, _ := fmt.Sscanf(s.shape, "%dP%dC", &s.producers, &s.consumers); n != 2 ||
		s.shape != fmt.Sprintf("%dP%dC", s.producers, s.consumers) ||
		s.producers < 1 || s.consumers < 1 || s.producers > 256 || s.consumers > 256 {
		refuse("--shape: '%s' is not like 2P2C", s.shape)
	}
	if s.queue != "go" || batch != 1 || (s.itemSize != 8 && s.itemSize != 64) || s.capacity < 0 ||
		s.reps < 1 || !(s.seconds > 0) {
		refuse("there is queue go, batch 1, items of 8 or 64 bytes")
	}
	switch s.workload {
	case "stream":
	case "pingpong", "select-ready", "select-nothing", "select-pingpong", "select-mixed":
		if s.shape != "1P1C" {
			refuse("%s is 1P1C", s.workload)
		}
		if capacity, ok := selectCapacity[s.workload]; ok {
			s.capacity = capacity
		}
	case "rendezvous":
		s.capacity = 0
	default:
		refuse("--workload: unknown '%s'", s.workload)
	}
	return s
}

func name(s *settings) string {
	// The threads that run goroutines are the runtime's: they are not pinned to one CPU each.
	if s.workload == "pingpong" {
		return "latency/pingpong/queue:go/placement:unpinned/wait:usual"
	}
	if load := strings.TrimPrefix(s.workload, "select-"); load != s.workload {
		return fmt.Sprintf("select/%s/queue:go/capacity:%d/item:%d", load, s.capacity, s.itemSize)
	}
	return fmt.Sprintf("sweep/queue:go/shape:%s/capacity:%d/item:%d/batch:1/form:blocking/regime:balanced/"+
		"placement:unpinned", s.shape, s.capacity, s.itemSize)
}

func printAll(s *settings, results []result) {
	benchmarks := []map[string]any{}
	for i, r := range results {
		n := float64(r.items)
		benchmarks = append(benchmarks, map[string]any{
			"name": name(s), "run_name": name(s), "run_type": "iteration", "family_index": 0,
			"repetitions": s.reps, "repetition_index": i, "threads": 1, "iterations": 1,
			"real_time": r.seconds / n * 1e9, "cpu_time": r.cpu / n * 1e9, "time_unit": "ns",
			"items_per_second": n / r.seconds, "items": r.items, "seconds": r.seconds,
			"capacity": s.capacity, "item_size": s.itemSize, "batch": 1,
			"producers": s.producers, "consumers": s.consumers,
			"label": "one FIFO, exact capacity, sleeps while it waits, hands over at capacity 0",
		})
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.Encode(map[string]any{
		"context": map[string]any{
			"date": time.Now().Format(time.RFC3339), "executable": "go", "num_cpus": runtime.NumCPU(),
			"pp_command": "sweep",
			"pp_queue_go": fmt.Sprintf("chan, %s, GOMAXPROCS=%d, threads not pinned one by one",
				runtime.Version(), runtime.GOMAXPROCS(0)),
		},
		"benchmarks": benchmarks,
	})
}
