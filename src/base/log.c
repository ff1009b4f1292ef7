#include "base/log.h"
#include "base/escape.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define SECOND_NS       UINT64_C(1000000000)
#define TERMINAL_NS     (SECOND_NS / 5)
#define PLAIN_NS        (10 * SECOND_NS)
#define ERASE_LINE      "\r\x1b[K"
#define COLUMNS_DEFAULT 80u
#define RATE_WIDTH      36u      /* "  1023.9 TiB/s  99 h 59 min left" */
#define LEFT_MAX        360000.0 /* seconds; more is a guess that helps nobody */
#define FIGURES_WIDTH   24u      /* "  100%  1023.9 TiB" and a free column, rounded up */

static atomic_int log_level = AS_LOG_WARN;

void as_log_set(as_log_level level)
{
    atomic_store(&log_level, (int)level);
}

/* A terminal that we may rewrite a line on. */
static bool on_terminal(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

/*
 * stdio's own lock keeps two threads' lines apart, the single write() two
 * processes'. There is nobody left to tell when standard error itself fails.
 */
static void write_line(as_bytes line)
{
    flockfile(stderr);
    while (line.n > 0) {
        ssize_t n = write(STDERR_FILENO, line.p, line.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        line.p += n;
        line.n -= (size_t)n;
    }
    funlockfile(stderr);
}

static const char *level_name(as_log_level level)
{
    switch (level) {
    case AS_LOG_ERROR:
        return "error";
    case AS_LOG_WARN:
        return "warning";
    case AS_LOG_INFO:
        return "info";
    case AS_LOG_DEBUG:
        break;
    }
    return "debug";
}

void as_log(as_log_level level, const char *fmt, ...)
{
    char text[1024];
    as_buf line = {0};
    va_list args;
    int n;

    if ((int)level > atomic_load(&log_level))
        return;
    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (n < 0)
        text[0] = '\0';

    if (on_terminal())
        as_buf_text(&line, ERASE_LINE); /* a progress line may stand there */
    as_buf_printf(&line, "assay: %s: ", level_name(level));
    as_escape_visible(&line, as_bytes_of(text));
    if (n >= (int)sizeof(text))
        as_buf_text(&line, "...");
    as_buf_byte(&line, '\n');
    write_line(line.failed ? AS_LITERAL("assay: error: no memory for a message\n")
                           : as_buf_bytes(&line));
    as_buf_done(&line);
}

static uint64_t now_ns(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

as_progress as_progress_start(const char *label, uint64_t total, bool quiet)
{
    return (as_progress){.label = label, .total = total, .started_ns = now_ns(), .quiet = quiet};
}

static size_t terminal_columns(void)
{
    struct winsize size = {0};

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0)
        return COLUMNS_DEFAULT;
    return size.ws_col;
}

/* At most `columns` of the label: a line that wraps could not be rewritten. */
static void put_label(as_buf *line, const char *label, size_t columns)
{
    as_buf shown = {0};
    as_bytes rest;

    as_escape_visible(&shown, as_bytes_of(label));
    rest = as_buf_bytes(&shown);
    while (rest.n > 0) {
        size_t used;
        int32_t cp = as_utf8_next(rest, &used);
        size_t width = (size_t)as_utf8_width_of((uint32_t)cp);

        if (width > columns)
            break;
        as_buf_add(line, (as_bytes){rest.p, used});
        columns -= width;
        rest = (as_bytes){rest.p + used, rest.n - used};
    }
    as_buf_done(&shown);
}

static void put_size(as_buf *line, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned shift = 10;
    uint64_t part;

    if (bytes < 1024) {
        as_buf_printf(line, "%u B", (unsigned)bytes);
        return;
    }
    while (shift < 60 && bytes >> shift >= 1024)
        shift += 10;
    part = bytes & ((UINT64_C(1) << shift) - 1); /* below 2^60: ten times it fits */
    as_buf_printf(line, "%u.%u %s", (unsigned)(bytes >> shift), (unsigned)(part * 10 >> shift),
                  units[shift / 10 - 1]);
}

/* The share done. A packed input may run past its estimate: 100 is the most. */
static unsigned percent(uint64_t done, uint64_t total)
{
    if (done >= total)
        return 100;
    return (unsigned)((double)done / (double)total * 100);
}

static void put_seconds(as_buf *line, uint64_t seconds)
{
    if (seconds < 60)
        as_buf_printf(line, "%u s", (unsigned)seconds);
    else if (seconds < 3600)
        as_buf_printf(line, "%u min %02u s", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
    else
        as_buf_printf(line, "%u h %02u min", (unsigned)(seconds / 3600),
                      (unsigned)(seconds / 60 % 60));
}

/* "  8.1 MiB/s  1 min 12 s left", as it went so far. */
static void put_rate(as_buf *line, const as_progress *p, uint64_t done, uint64_t now)
{
    double seconds = (double)(now - p->started_ns) / (double)SECOND_NS, left;

    if (done == 0 || seconds <= 0)
        return;
    as_buf_text(line, "  ");
    put_size(line, (uint64_t)((double)done / seconds));
    as_buf_text(line, "/s");
    left = p->total > done ? (double)(p->total - done) * seconds / (double)done : 0;
    if (left < 1 || left > LEFT_MAX)
        return;
    as_buf_text(line, "  ");
    put_seconds(line, (uint64_t)left);
    as_buf_text(line, " left");
}

static void draw(const as_progress *p, uint64_t done, uint64_t now, bool terminal)
{
    size_t columns = SIZE_MAX, figures;
    as_buf line = {0};

    if (terminal) {
        columns = terminal_columns();
        figures = FIGURES_WIDTH + (p->rate ? RATE_WIDTH : 0);
        columns = columns > figures ? columns - figures : 0;
        as_buf_text(&line, ERASE_LINE);
    }
    put_label(&line, p->label, columns);
    if (p->total > 0)
        as_buf_printf(&line, "  %u%%", percent(done, p->total));
    as_buf_text(&line, "  ");
    if (p->unit)
        as_buf_printf(&line, "%llu %s", (unsigned long long)done, p->unit);
    else
        put_size(&line, done);
    if (p->rate)
        put_rate(&line, p, done, now);
    if (!terminal)
        as_buf_byte(&line, '\n');
    if (!line.failed)
        write_line(as_buf_bytes(&line));
    as_buf_done(&line);
}

void as_progress_at(as_progress *p, uint64_t done)
{
    uint64_t now;
    bool terminal;

    if (p->quiet)
        return;
    now = now_ns();
    if (now - p->started_ns < SECOND_NS || (p->shown && now - p->drawn_ns < TERMINAL_NS))
        return;
    terminal = on_terminal();
    if (p->shown && !terminal && now - p->drawn_ns < PLAIN_NS)
        return;
    p->shown = true;
    p->drawn_ns = now;
    draw(p, done, now, terminal);
}

void as_progress_end(as_progress *p)
{
    if (p->shown && on_terminal())
        write_line(AS_LITERAL(ERASE_LINE));
    p->shown = false;
}
