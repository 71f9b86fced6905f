/* SPDX-License-Identifier: MIT */
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <regex>
#include <string>
#include <vector>

struct gb_state {
	benchmark::State *state;
};

namespace {

std::vector<std::string> flags;
std::vector<char *> arguments;
struct entry {
	std::string name;
	int repetitions;
};
std::vector<entry> entries;

/* Google Benchmark's console lines, with the few figures that a terminal has room for. */
class narrow_console : public benchmark::ConsoleReporter {
public:
	explicit narrow_console(const gb_view &view) : ConsoleReporter(OO_None), view_(view) {}

	bool ReportContext(const Context &context) override
	{
		Context narrow(context);

		narrow.name_field_width = std::min<size_t>(context.name_field_width, name_width);
		return view_.quiet || ConsoleReporter::ReportContext(narrow);
	}

	void ReportRuns(const std::vector<Run> &runs) override
	{
		std::vector<Run> kept;

		for (const Run &run : runs) {
			if (view_.quiet || !wanted(run, runs.size()))
				continue;
			kept.push_back(run);
			/* The same for all, and so only noise on a terminal. */
			auto &name = kept.back().run_name;
			name.iterations.clear();
			name.repetitions.clear();
			name.time_type.clear();
			kept.back().report_label.clear();
			shorten(name.function_name);
			auto &counters = kept.back().counters;
			for (auto at = counters.begin(); at != counters.end();)
				at = shown(at->first) ? std::next(at) : counters.erase(at);
		}
		if (kept.empty())
			return;
		if (view_.before_print)
			view_.before_print();
		ConsoleReporter::ReportRuns(kept);
	}

private:
	static bool wanted(const Run &run, size_t of)
	{
		return of == 1 || run.aggregate_name == "median";
	}

	void shorten(std::string &name) const
	{
		for (auto part = view_.hidden; part && *part; part++) {
			size_t at = name.find(*part);

			if (at != std::string::npos)
				name.erase(at, std::string(*part).size());
		}
	}

	bool shown(const std::string &name) const
	{
		for (auto at = view_.shown; at && *at; at++)
			if (name == *at)
				return true;
		return false;
	}

	enum { name_width = 64 };

	gb_view view_;
};

/* What is known only at the end stands behind the benchmarks. */
class concluding_json : public benchmark::JSONReporter {
public:
	explicit concluding_json(const gb_view &view) : view_(view) {}

	void Finalize() override
	{
		char *said = view_.conclusion ? view_.conclusion() : nullptr;

		if (!said)
			return JSONReporter::Finalize();
		GetOutputStream() << "\n  ],\n  \"pp_run\": " << said << "\n}\n";
		free(said);
	}

private:
	gb_view view_;
};

bool json_wanted()
{
	for (const std::string &given : flags)
		if (given.compare(0, 23, "--benchmark_out_format=") == 0 &&
		    given != "--benchmark_out_format=json")
			return false;
	return true;
}

double smallest(const std::vector<double> &v)
{
	return *std::min_element(v.begin(), v.end());
}

double largest(const std::vector<double> &v)
{
	return *std::max_element(v.begin(), v.end());
}

bool filtered_in(const std::string &name)
{
	std::string filter = benchmark::GetBenchmarkFilter();
	bool negative = !filter.empty() && filter[0] == '-';

	if (filter.empty() || filter == "all")
		return true;
	try {
		return std::regex_search(name, std::regex(filter.substr(negative),
							  std::regex::extended)) != negative;
	} catch (const std::regex_error &) {
		return false; /* what is no expression matches nothing */
	}
}

/* The library reads its flags from argv only: give it ours beside the user's. */
void add_flag(const std::string &flag)
{
	static std::vector<std::string> own;
	std::vector<char *> argv;
	int argc;

	own.assign({ "pushpull-bench", flag });
	for (std::string &word : own)
		argv.push_back(&word[0]);
	argv.push_back(nullptr);
	argc = 2;
	benchmark::Initialize(&argc, argv.data());
}

}

void gb_init(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++)
		if (std::string(argv[i]).compare(0, 12, "--benchmark_") == 0)
			flags.push_back(argv[i]);
	if (!gb_has_flag("--benchmark_enable_random_interleaving"))
		add_flag("--benchmark_enable_random_interleaving=true");
	benchmark::Initialize(argc, argv);
}

bool gb_has_flag(const char *flag)
{
	const std::string name(flag);

	for (const std::string &given : flags)
		if (given == name || given.compare(0, name.size() + 1, name + "=") == 0)
			return true;
	return false;
}

void gb_register(const char *name, gb_body *body, void *context, int repetitions)
{
	auto run = [body, context](benchmark::State &state) {
		gb_state shim = { &state };

		while (state.KeepRunning())
			body(&shim, context);
	};
	auto *made = benchmark::RegisterBenchmark(name, run);

	made->Iterations(1)->UseManualTime()->Unit(benchmark::kNanosecond);
	if (!gb_has_flag("--benchmark_repetitions"))
		made->Repetitions(repetitions);
	made->ComputeStatistics("min", smallest)->ComputeStatistics("max", largest);
	/* The library adds "/iterations:1..." to the names it filters and shows. */
	entries.push_back({ std::string(name) + "/iterations:1/manual_time", repetitions });
}

void gb_time(gb_state *state, double seconds)
{
	state->state->SetIterationTime(seconds);
}

void gb_count(gb_state *state, const char *name, double value)
{
	state->state->counters[name] = benchmark::Counter(value);
}

void gb_label(gb_state *state, const char *label)
{
	state->state->SetLabel(label);
}

void gb_skip(gb_state *state, const char *reason)
{
	state->state->SkipWithError(reason);
}

void gb_context(const char *key, const char *value)
{
	benchmark::AddCustomContext(key, value);
}

size_t gb_planned(void)
{
	size_t sum = 0;

	for (const entry &e : entries)
		if (filtered_in(e.name))
			sum += static_cast<size_t>(e.repetitions);
	return sum;
}

size_t gb_run(const gb_view *view, const char *file)
{
	narrow_console console(*view);
	concluding_json json(*view);
	benchmark::BenchmarkReporter *out = json_wanted() ? &json : nullptr;

	if (file) {
		add_flag(std::string("--benchmark_out=") + file);
		add_flag("--benchmark_out_format=json");
	}
	if (gb_has_flag("--benchmark_format"))
		return benchmark::RunSpecifiedBenchmarks(nullptr, out);
	console.SetOutputStream(&std::cout);
	console.SetErrorStream(&std::cerr);
	return benchmark::RunSpecifiedBenchmarks(&console, out);
}

void gb_end(void)
{
	benchmark::Shutdown();
}
