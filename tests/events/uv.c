/* SPDX-License-Identifier: MIT */
/* libuv: a uv_poll_t on the descriptor. */
#include "source.h"

#include <uv.h>

struct watch {
	uv_poll_t handle;
	struct source *source;
	int result;
};

static void on_readable(uv_poll_t *handle, int status, int events)
{
	struct watch *watch = handle->data;

	(void)events;
	watch->result = status < 0 ? status : watch->source->go_on(watch->source);
	if (watch->result != 0)
		uv_close((uv_handle_t *)handle, NULL); /* before the ring is let go of */
}

static int watch_source(uv_loop_t *loop, struct watch *watch)
{
	int result = uv_poll_init(loop, &watch->handle, watch->source->fd);

	if (result < 0)
		return result;
	watch->handle.data = watch;
	result = uv_poll_start(&watch->handle, UV_READABLE, on_readable);
	on_readable(&watch->handle, result, 0); /* arms for the first time */
	return 0;
}

static int run(struct source *source)
{
	struct watch watch = { .source = source };
	uv_loop_t loop;
	int result = uv_loop_init(&loop);

	if (result < 0)
		return result;
	result = watch_source(&loop, &watch);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return result < 0 ? result : watch.result;
}

const struct recipe recipe = { .name = "libuv", .run = run };
