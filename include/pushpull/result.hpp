/* SPDX-License-Identifier: MIT */
/*
 * Errors as values, for <pushpull/pushpull.hpp>: pp::status and pp::result<T>.
 *
 * Nothing here throws, and nothing needs exceptions or RTTI.
 */
#ifndef PUSHPULL_RESULT_HPP
#define PUSHPULL_RESULT_HPP

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

namespace pp {

template <class T>
class rx;

/*
 * How a call went: what the C function returns, with names.  True: it succeeded.
 *
 *     if (pp::status s = tx.push(job); !s)
 *             log(to_string(s));
 */
class [[nodiscard]] status {
public:
	enum code_type : int {
		ok            = 0,
		full          = -EAGAIN,    /* try push                                        */
		empty         = -EAGAIN,    /* try pull; the same number, as nobody sees both  */
		busy          = -EBUSY,     /* try: hangs on a thread that is half-way         */
		timed_out     = -ETIMEDOUT,
		interrupted   = -EINTR,     /* a signal, in a ring opened as interruptible     */
		other_ended   = -EPIPE,     /* push: nobody pulls any more; pull: the end      */
		end_of_stream = -EPIPE,     /* the same, as a puller thinks of it              */
		own_ended     = -ESHUTDOWN, /* push: closed; pull: cancelled                   */
		invalid       = -EINVAL,    /* such as an end that is empty                    */
		no_memory     = -ENOMEM
	};

	constexpr status() noexcept = default;
	constexpr status(code_type code) noexcept : code_(code) {}
	/* What a C function returned: 0 or more is success. */
	constexpr explicit status(int result) noexcept : code_(result < 0 ? result : 0) {}

	constexpr explicit operator bool() const noexcept { return code_ == 0; }
	/* A negative errno value, or 0; for a switch, and for strerror(-code()). */
	constexpr int code() const noexcept { return code_; }

	friend constexpr bool operator==(status a, status b) noexcept { return a.code_ == b.code_; }
	friend constexpr bool operator!=(status a, status b) noexcept { return a.code_ != b.code_; }

private:
	int code_ = 0;
};

/* A short text without the time and the ring; "unknown" for what this version does not know. */
constexpr const char *to_string(status s) noexcept
{
	switch (s.code()) {
	case status::ok:          return "ok";
	case status::full:        return "full or empty";
	case status::busy:        return "busy";
	case status::timed_out:   return "timed out";
	case status::interrupted: return "interrupted";
	case status::other_ended: return "other side ended";
	case status::own_ended:   return "own side ended";
	case status::invalid:     return "invalid argument";
	case status::no_memory:   return "out of memory";
	default:                  return "unknown";
	}
}

/*
 * A value, or the status that says why there is none.  A small part of C++23's std::expected;
 * asking for a value that is not there ends the program.
 */
template <class T>
class [[nodiscard]] result {
public:
	using value_type = T;
	using error_type = status;

	/* No value.  A status that is ok brings none either, and is taken for a mistake. */
	result(status error) noexcept : error_(error ? status(status::invalid) : error) {}
	result(status::code_type error) noexcept : result(status(error)) {}
	result(T &&value) noexcept(std::is_nothrow_move_constructible_v<T>)
	        : value_(std::move(value)) {}

	bool has_value() const noexcept { return value_.has_value(); }
	explicit operator bool() const noexcept { return has_value(); }
	/* ok if there is a value. */
	pp::status error() const noexcept { return has_value() ? pp::status() : error_; }

	T &value() & noexcept { return present(); }
	const T &value() const & noexcept { return const_cast<result *>(this)->present(); }
	T &&value() && noexcept { return std::move(present()); }

	T &operator*() & noexcept { return present(); }
	const T &operator*() const & noexcept { return value(); }
	T &&operator*() && noexcept { return std::move(present()); }
	T *operator->() noexcept { return &present(); }
	const T *operator->() const noexcept { return &value(); }

	template <class U>
	T value_or(U &&other) &&
	{
		return has_value() ? std::move(*value_) : static_cast<T>(std::forward<U>(other));
	}

	template <class U>
	T value_or(U &&other) const &
	{
		return has_value() ? *value_ : static_cast<T>(std::forward<U>(other));
	}

	template <class... Args>
	T &emplace(Args &&...args)
	{
		return value_.emplace(std::forward<Args>(args)...);
	}

private:
	template <class U>
	friend class rx;

	T &present() noexcept
	{
		if (!value_)
			std::abort();
		return *value_;
	}

	std::optional<T> value_;
	pp::status error_;
};

} // namespace pp

#endif
