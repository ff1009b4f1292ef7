/*
 * time - the moments that tools write, as microseconds since 1970 (UTC), and back.
 *
 *     int64_t us;
 *     if (as_time_parse(AS_LITERAL("2022-03-24 11:35:41,123"), &us)) ...
 *     as_time_text(us, text);              "2022-03-24T11:35:41.123Z"
 *
 * Read are:
 *
 *     1716999138.637955                    seconds since 1970 (from AS_TIME_EPOCH_MIN on);
 *                                          milli- and microseconds by their digits
 *     133000000000000000                   100 ns since 1601, as Windows counts
 *     2022-03-24[T ]11:35:41[.,]123 zone   also with / or : in the date, or the date alone
 *     20230515T201137, 20230515201137, 20230515
 *     03/24/22 11:35:41.123                month first; 03/24/2022-11:35:41, with AM, PM
 *     Thu, 24 Mar 2022 11:35:41 GMT        also Mar 24, 2022 11:35:41.5 CET and
 *     Thu Mar 24 11:35:41 2022 UTC         the same behind 0x623C5A9D and in [ ]
 *
 * A zone is Z, UTC, GMT, UTC+0200, +02:00, -0730 or one of few names that mean one thing;
 * without one the text is taken as UTC. A count of seconds since the start of a run, an
 * hour without a day, a year before AS_TIME_YEAR_MIN (which stands for "never") are no
 * moments. Parts of a microsecond are dropped.
 *
 * Depends on: base.  Threads: re-entrant; no locale, no time zone of the machine.
 */
#ifndef AS_TIME_H
#define AS_TIME_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_TIME_SECOND    ((int64_t)1000000)
#define AS_TIME_EPOCH_MIN ((uint64_t)631152000) /* 1990: a smaller number counts from elsewhere */
#define AS_TIME_YEAR_MIN  1970u
#define AS_TIME_YEAR_MAX  9999u
#define AS_TIME_TEXT_MAX  64u /* longer text is no moment */
#define AS_TIME_SIZE      40u /* of what as_time_text() writes, with its NUL */

/* False: no moment is written there; *ret_us is as it was. Blanks around it are allowed. */
bool as_time_parse(as_bytes text, int64_t *ret_us);

/* "2022-03-24T11:35:41Z", with 3 or 6 digits behind the second where needed. Returns dst. */
const char *as_time_text(int64_t us, char dst[AS_TIME_SIZE]);

/* The machine's clock. */
int64_t as_time_now(void);

#ifdef __cplusplus
}
#endif
#endif
