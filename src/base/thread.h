/*
 * thread - a second thread that eats bytes, in order, while the first goes on.
 *
 *     as_feed *f = as_feed_new(hash_more, ctx);      NULL: do it yourself
 *     as_feed_add(f, bytes);                         copied; waits while the belt is full
 *     as_feed_wait(f);                               all has been eaten
 *     as_feed_free(f);
 *
 * Depends on: base; pthread.  Threads: one feeder; the eater runs on a thread of
 * its own, which no signal is delivered to.
 * Limits: AS_FEED_CHUNKS chunks of AS_FEED_CHUNK bytes wait at most.
 */
#ifndef AS_THREAD_H
#define AS_THREAD_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_FEED_CHUNK  ((size_t)64 << 10)
#define AS_FEED_CHUNKS 8

typedef struct as_feed as_feed;
typedef void as_eat_fn(void *ctx, as_bytes bytes);

/* NULL if there is no memory, no thread, or no second processor to run it on. */
as_feed *as_feed_new(as_eat_fn *eat, void *ctx) AS_CHECKED;

void as_feed_add(as_feed *f, as_bytes bytes);

/* Afterwards what the eater wrote may be read. */
void as_feed_wait(as_feed *f);

/* Waits for the eater to finish what it has. NULL is accepted. */
void as_feed_free(as_feed *f);

#ifdef __cplusplus
}
#endif
#endif
