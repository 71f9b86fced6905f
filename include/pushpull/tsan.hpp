/* SPDX-License-Identifier: MIT */
/*
 * What ThreadSanitizer has to be told, for <pushpull/pushpull.hpp>.
 *
 * A library without instrumentation moves items where the sanitizer cannot see it: neither what
 * orders a push and its pull, nor that a slot has one owner at a time.  So a program that is built
 * with -fsanitize=thread says the first here, and has the sanitizer look away while the library
 * runs.  In any other program all of this is nothing.
 */
#ifndef PUSHPULL_TSAN_HPP
#define PUSHPULL_TSAN_HPP

#if defined(__SANITIZE_THREAD__)
#define PP_TSAN_SEEN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PP_TSAN_SEEN 1
#endif
#endif

#ifdef PP_TSAN_SEEN
extern "C" {
void __tsan_acquire(void *address);
void __tsan_release(void *address);
void __tsan_ignore_thread_begin();
void __tsan_ignore_thread_end();
}
#endif

namespace pp::detail::tsan {

#ifdef PP_TSAN_SEEN

constexpr bool on = true;

/* For what has no ring at hand. */
inline long anywhere;

inline void *address(const void *of) noexcept
{
	return of ? const_cast<void *>(of) : &anywhere;
}

inline void release(const void *of) noexcept { __tsan_release(address(of)); }
inline void acquire(const void *of) noexcept { __tsan_acquire(address(of)); }

inline thread_local bool away = false;

inline void look_away(bool now) noexcept
{
	now ? __tsan_ignore_thread_begin() : __tsan_ignore_thread_end();
	away = now;
}

/* In the library. */
struct unseen {
	unseen() noexcept { look_away(true); }
	~unseen() { look_away(false); }
	unseen(const unseen &) = delete;
	unseen &operator=(const unseen &) = delete;
};

/* Back in the program: a destructor of the caller's that the library has called. */
struct seen {
	seen() noexcept
	{
		if (was)
			look_away(false);
	}
	~seen()
	{
		if (was)
			look_away(true);
	}
	seen(const seen &) = delete;
	seen &operator=(const seen &) = delete;
	const bool was = away;
};

#else

constexpr bool on = false;

inline void release(const void *) noexcept {}
inline void acquire(const void *) noexcept {}

struct unseen {
	unseen() noexcept {}
};

struct seen {
	seen() noexcept {}
};

#endif

} // namespace pp::detail::tsan

#endif
