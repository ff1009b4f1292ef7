/*
 * log - one line on standard error, and progress for what takes longer than a second.
 *
 * Depends on: base, escape.  Threads: safe; a line is written whole.
 * The level is the only global of the program that is not const.
 */
#ifndef AS_LOG_H
#define AS_LOG_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum as_log_level { AS_LOG_ERROR, AS_LOG_WARN, AS_LOG_INFO, AS_LOG_DEBUG } as_log_level;

void as_log_set(as_log_level level); /* lines above this level are dropped; default WARN */

/* "assay: error: ..." A control character in the text is written as an escape. */
void as_log(as_log_level level, const char *fmt, ...) AS_PRINTF(2, 3);

/*
 * Progress of one job: nothing in the first second, then at most five updates a
 * second on a terminal (one rewritten line, erased at the end) and one plain line
 * every ten seconds elsewhere. `total` 0: unknown. Draws on standard error only.
 */
typedef struct as_progress {
    const char *label;
    uint64_t total;
    uint64_t started_ns;
    uint64_t drawn_ns;
    bool quiet;
    const char *unit; /* of what is counted, "passages"; NULL: bytes */
    bool rate;        /* set it to be told how fast it goes, and how long it will take */
    bool shown;
} as_progress;

as_progress as_progress_start(const char *label, uint64_t total, bool quiet);
void as_progress_at(as_progress *p, uint64_t done); /* cheap to call often */
void as_progress_end(as_progress *p);

#ifdef __cplusplus
}
#endif
#endif
