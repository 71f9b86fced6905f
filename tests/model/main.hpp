/* SPDX-License-Identifier: MIT */
/*
 * main() of a model program, over its table `scenarios`.
 *
 *   program [--scale N] [--executions N] [--history] [--list] [name ...]
 *
 * and --mutant LABEL in a build with MODEL_MUTANTS.
 *
 * Without a name: all.  MODEL_LONG in the environment: --scale 16.  Status 0: nothing broke and every scenario did something.
 */
#ifndef MAIN_HPP
#define MAIN_HPP

namespace model {

struct options {
	uint64_t scale, executions;
	bool history;
};

static bool run_scenario(const scenario *s, const options *o)
{
	uint64_t count = o->executions ? o->executions : o->scale * s->thousands * 500;
	bool ok;

	current = s;
	ok = run<suite>(s->name, count, o->history);
	if (ok && moved == 0) {
		printf("%s: nothing was moved, so nothing was shown\n", s->name);
		return false;
	}
	return ok;
}

static bool named(const scenario *s, char **names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(s->name, names[i]) == 0)
			return true;
	return count == 0;
}

} // namespace model

int main(int argc, char **argv)
{
	using namespace model;
	options o = { getenv("MODEL_LONG") ? 16u : 1u, 0, false };
	int i = 1, ran = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--scale") == 0 && i + 1 < argc)
			o.scale = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--executions") == 0 && i + 1 < argc)
			o.executions = strtoull(argv[++i], NULL, 10);
#ifdef MODEL_MUTANTS
		else if (strcmp(argv[i], "--mutant") == 0 && i + 1 < argc)
			mutant = argv[++i];
#endif
		else if (strcmp(argv[i], "--history") == 0)
			o.history = true;
		else if (strcmp(argv[i], "--list") == 0) {
			for (size_t k = 0; k < sizeof scenarios / sizeof *scenarios; k++)
				puts(scenarios[k].name);
			return 0;
		} else {
			fprintf(stderr, "%s: what is %s?\n", argv[0], argv[i]);
			return 2;
		}
	}
	for (size_t k = 0; k < sizeof scenarios / sizeof *scenarios; k++)
		if (named(&scenarios[k], argv + i, argc - i)) {
			ran++;
			failed += !run_scenario(&scenarios[k], &o);
		}
	if (ran == 0 || (argc > i && ran < argc - i)) {
		fprintf(stderr, "%s: no such scenario\n", argv[0]);
		return 2;
	}
	return failed ? 1 : 0;
}

#endif
