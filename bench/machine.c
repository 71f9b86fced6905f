/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include "build_flags.h"
#include "gbench.h"
#include "place.h"
#include "util.h"

#include <pushpull/pushpull.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

void machine_time(struct machine_time *t)
{
	double user, nice, system, idle, iowait, irq, softirq, steal;
	FILE *file = fopen("/proc/stat", "re");
	struct rusage usage;

	*t = (struct machine_time){ 0 };
	if (file && fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &user, &nice, &system, &idle,
			   &iowait, &irq, &softirq, &steal) == 8) {
		double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);

		t->busy = (user + nice + system + irq + softirq) * tick;
		t->steal = steal * tick;
		t->total = t->busy + t->steal + (idle + iowait) * tick;
	}
	if (file)
		fclose(file);
	getrusage(RUSAGE_SELF, &usage);
	t->own = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void machine_shares(const struct machine_time *before, double *steal, double *others)
{
	struct machine_time now;
	double total;

	machine_time(&now);
	total = now.total - before->total;
	*steal = total > 0 ? (now.steal - before->steal) / total : 0;
	*others = total > 0 ? (now.busy - before->busy - (now.own - before->own)) / total : 0;
	/* The kernel counts in ticks of 10 ms: less than nothing is nothing. */
	if (*others < 0)
		*others = 0;
}

/* The value of the first line of `path` that begins with `key`, up to its end. */
static void line_value(const char *path, const char *key, char *value, size_t size)
{
	FILE *file = fopen(path, "re");
	char line[512];

	snprintf(value, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':');

		if (strncmp(line, key, strlen(key)) || !at)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(value, size, "%s", at + 1 + strspn(at + 1, " \t"));
		break;
	}
	if (file)
		fclose(file);
}

static void describe_time(void)
{
	struct machine_time t;
	char date[64], number[64];
	double load[3] = { 0, 0, 0 };
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	gb_context("pp_date", date);
	if (getloadavg(load, 3) < 0)
		load[0] = -1;
	snprintf(number, sizeof(number), "%.2f %.2f %.2f", load[0], load[1], load[2]);
	gb_context("pp_load", number);
	machine_time(&t);
	snprintf(number, sizeof(number), "%.6f", t.total > 0 ? t.steal / t.total : 0);
	gb_context("pp_steal_since_boot", number);
}

void machine_describe(void)
{
	struct utsname system;
	char cpu[256], number[64];

	line_value("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
	gb_context("pp_cpu", cpu);
	uname(&system);
	gb_context("pp_kernel", system.release);
	gb_context("pp_arch", system.machine);
	gb_context("pp_compiler", BENCH_COMPILER);
	gb_context("pp_flags", BENCH_FLAGS);
	gb_context("pp_version", pp_version());
	snprintf(number, sizeof(number), "%d", place_cpus());
	gb_context("pp_cpus_allowed", number);
	snprintf(number, sizeof(number), "%d,%d", place_cpu(0), place_cpu(1));
	gb_context("pp_cpus_used", number);
	describe_time();
}
