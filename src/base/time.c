#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define SECONDS_A_DAY    86400
#define EPOCH_MAX        ((uint64_t)9999999999) /* ten digits: 2286 */
#define FILETIME_1970    ((uint64_t)116444736000000000)
#define COMPACT_YEAR_MAX 2199u /* a bare run of digits that starts with more is no date */
#define MICRO_DIGITS     6u
#define OFFSET_HOURS_MAX 15u
#define MONTHS           12u
#define YEARS_OF_CENTURY 100u
#define CENTURY_TURN     70u /* "69" is 2069, "70" is 1970, as POSIX has it */

struct cursor {
    const uint8_t *p, *end;
};

struct moment {
    uint32_t year, month, day, hour, minute, second, micro;
    int32_t offset_minutes; /* of the zone, east of Greenwich */
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool at_end(const struct cursor *c)
{
    return c->p == c->end;
}

static bool take(struct cursor *c, char what)
{
    if (at_end(c) || *c->p != (uint8_t)what)
        return false;
    c->p++;
    return true;
}

/* The one of `set` that comes next; 0: none of them does. */
static char take_of(struct cursor *c, const char *set)
{
    if (at_end(c) || !*c->p || !strchr(set, *c->p))
        return 0;
    return (char)*c->p++;
}

static void skip_blanks(struct cursor *c)
{
    while (!at_end(c) && (*c->p == ' ' || *c->p == '\t'))
        c->p++;
}

static size_t count_digits(const struct cursor *c)
{
    size_t n = 0;

    while (c->p + n < c->end && is_digit(c->p[n]))
        n++;
    return n;
}

/* Exactly `n` digits, at most 9; more may follow. */
static bool take_digits(struct cursor *c, size_t n, uint32_t *ret)
{
    uint32_t value = 0;

    if (count_digits(c) < n)
        return false;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (uint32_t)(*c->p++ - '0');
    *ret = value;
    return true;
}

/* `least` to `most` digits, and no digit behind them. */
static bool take_number(struct cursor *c, size_t least, size_t most, uint32_t *ret)
{
    size_t n = count_digits(c);

    return n >= least && n <= most && take_digits(c, n, ret);
}

/* The digits behind the point, as millionths. */
static bool take_fraction(struct cursor *c, uint32_t *ret)
{
    size_t n = count_digits(c);
    uint32_t value = 0;

    if (n == 0)
        return false;
    for (size_t i = 0; i < MICRO_DIGITS; i++)
        value = value * 10 + (i < n ? (uint32_t)(c->p[i] - '0') : 0);
    c->p += n;
    *ret = value;
    return true;
}

static bool take_word(struct cursor *c, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(c->end - c->p) < n || !as_bytes_eq_nocase((as_bytes){c->p, n}, as_bytes_of(word)))
        return false;
    if (c->p + n < c->end && is_letter(c->p[n]))
        return false;
    c->p += n;
    return true;
}

static bool take_offset(struct cursor *c, int32_t *ret)
{
    uint32_t hours, minutes = 0;
    char sign = take_of(c, "+-");

    if (!sign || !take_digits(c, 2, &hours))
        return false;
    if (take(c, ':') || !at_end(c)) {
        if (!take_number(c, 2, 2, &minutes))
            return false;
    }
    if (hours > OFFSET_HOURS_MAX || minutes > 59)
        return false;
    *ret = (int32_t)(hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

/* Names that two parts of the world use (CST, IST, BST) are not here. */
static const struct {
    char name[5];
    int32_t minutes;
} zones[] = {{"CET", 60},   {"CEST", 120}, {"EET", 120},  {"EEST", 180}, {"WET", 0},
             {"WEST", 60},  {"MSK", 180},  {"EST", -300}, {"EDT", -240}, {"CDT", -300},
             {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420}, {"JST", 540},
             {"KST", 540},  {"AEST", 600}};

/* What is left is a zone, or nothing. */
static bool take_zone(struct cursor *c, struct moment *m)
{
    skip_blanks(c);
    if (at_end(c) || take_word(c, "Z"))
        return true;
    if (take_word(c, "UTC") || take_word(c, "GMT"))
        return at_end(c) || take_offset(c, &m->offset_minutes);
    for (size_t i = 0; i < AS_COUNT(zones); i++) {
        if (take_word(c, zones[i].name)) {
            m->offset_minutes = zones[i].minutes;
            return true;
        }
    }
    return take_offset(c, &m->offset_minutes);
}

/* hh:mm[:ss[.f]] [AM|PM] */
static bool take_clock(struct cursor *c, struct moment *m)
{
    struct cursor behind;
    bool pm;

    if (!take_number(c, 1, 2, &m->hour) || !take(c, ':') || !take_number(c, 2, 2, &m->minute))
        return false;
    if (take(c, ':')) {
        if (!take_number(c, 2, 2, &m->second))
            return false;
        if (take_of(c, ".,") && !take_fraction(c, &m->micro))
            return false;
    }
    behind = *c;
    skip_blanks(&behind);
    pm = take_word(&behind, "PM");
    if (!pm && !take_word(&behind, "AM"))
        return true;
    *c = behind;
    if (m->hour < 1 || m->hour > 12)
        return false;
    m->hour = m->hour % 12 + (pm ? 12 : 0);
    return true;
}

static bool take_month(struct cursor *c, uint32_t *ret)
{
    static const char names[MONTHS][10] = {"January",   "February", "March",    "April",
                                           "May",       "June",     "July",     "August",
                                           "September", "October",  "November", "December"};

    for (uint32_t i = 0; i < MONTHS; i++) {
        char brief[4] = {names[i][0], names[i][1], names[i][2], 0};

        if (take_word(c, brief) || take_word(c, names[i])) {
            *ret = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_weekday(struct cursor *c)
{
    static const char names[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (take_word(c, names[i])) {
            (void)take(c, ',');
            skip_blanks(c);
            return true;
        }
    }
    return false;
}

static bool is_leap(uint32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint32_t days_of_month(uint32_t year, uint32_t month)
{
    static const uint8_t days[MONTHS] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

/* Days from 1970-01-01 to the day; the year begins in March, so that a leap day ends it. */
static int64_t days_to(uint32_t year, uint32_t month, uint32_t day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

static bool moment_us(const struct moment *m, int64_t *ret_us)
{
    int64_t seconds;

    if (m->year < AS_TIME_YEAR_MIN || m->year > AS_TIME_YEAR_MAX || m->month < 1 ||
        m->month > MONTHS || m->day < 1 || m->day > days_of_month(m->year, m->month))
        return false;
    /* 60: a leap second. */
    if (m->hour > 23 || m->minute > 59 || m->second > 60)
        return false;
    seconds = days_to(m->year, m->month, m->day) * SECONDS_A_DAY + (int64_t)m->hour * 3600 +
              ((int64_t)m->minute - m->offset_minutes) * 60 + m->second;
    *ret_us = seconds * AS_TIME_SECOND + m->micro;
    return true;
}

/* YYYY-MM-DD, and a time of that day if there is one. */
static bool parse_iso(struct cursor c, int64_t *ret_us)
{
    struct moment m = {0};
    char between;

    if (!take_number(&c, 4, 4, &m.year))
        return false;
    between = take_of(&c, "-/:");
    if (!between || !take_number(&c, 1, 2, &m.month) || !take(&c, between) ||
        !take_number(&c, 1, 2, &m.day))
        return false;
    if (at_end(&c))
        return moment_us(&m, ret_us);
    if (!take_of(&c, "Tt "))
        return false;
    skip_blanks(&c);
    return take_clock(&c, &m) && take_zone(&c, &m) && at_end(&c) && moment_us(&m, ret_us);
}

/* YYYYMMDD[[T]hhmmss[.f][zone]]: 8 or 14 digits, or 6 behind a T. */
static bool parse_compact(struct cursor c, int64_t *ret_us)
{
    struct moment m = {0};
    size_t n = count_digits(&c);

    if ((n != 8 && n != 14) || !take_digits(&c, 4, &m.year) || m.year > COMPACT_YEAR_MAX ||
        !take_digits(&c, 2, &m.month) || !take_digits(&c, 2, &m.day))
        return false;
    if (at_end(&c))
        return moment_us(&m, ret_us);
    if (n == 8 && !take_of(&c, "Tt"))
        return false;
    if (count_digits(&c) != 6 || !take_digits(&c, 2, &m.hour) || !take_digits(&c, 2, &m.minute) ||
        !take_digits(&c, 2, &m.second))
        return false;
    if (take_of(&c, ".,") && !take_fraction(&c, &m.micro))
        return false;
    return take_zone(&c, &m) && at_end(&c) && moment_us(&m, ret_us);
}

/* MM/DD/YY or MM/DD/YYYY, and a time of that day. */
static bool parse_slashes(struct cursor c, int64_t *ret_us)
{
    struct moment m = {0};
    size_t digits;

    if (!take_number(&c, 1, 2, &m.month) || !take(&c, '/') || !take_number(&c, 1, 2, &m.day) ||
        !take(&c, '/'))
        return false;
    digits = count_digits(&c);
    if ((digits != 2 && digits != 4) || !take_digits(&c, digits, &m.year))
        return false;
    if (digits == 2)
        m.year += m.year < CENTURY_TURN ? 20 * YEARS_OF_CENTURY : 19 * YEARS_OF_CENTURY;
    if (!take_of(&c, " -T"))
        return false;
    skip_blanks(&c);
    return take_clock(&c, &m) && take_zone(&c, &m) && at_end(&c) && moment_us(&m, ret_us);
}

/* Mar 24[,] 2022 hh:mm:ss zone, Mar 24 hh:mm:ss 2022 zone, 24 Mar 2022 hh:mm:ss zone */
static bool parse_words(struct cursor c, int64_t *ret_us)
{
    struct moment m = {0};
    bool clock_first;

    (void)take_weekday(&c);
    if (take_month(&c, &m.month)) {
        skip_blanks(&c);
        if (!take_number(&c, 1, 2, &m.day))
            return false;
        (void)take(&c, ',');
    } else if (!take_number(&c, 1, 2, &m.day) || !take_of(&c, " -") || !take_month(&c, &m.month)) {
        return false;
    }
    if (!take_of(&c, " -"))
        return false;
    skip_blanks(&c);
    clock_first = count_digits(&c) <= 2;
    if (clock_first && (!take_clock(&c, &m) || !take(&c, ' ')))
        return false;
    if (!take_number(&c, 4, 4, &m.year))
        return false;
    if (!clock_first && (!take(&c, ' ') || !take_clock(&c, &m)))
        return false;
    return take_zone(&c, &m) && at_end(&c) && moment_us(&m, ret_us);
}

/* A count since 1970 or 1601; its number of digits tells of what. */
static bool parse_count(struct cursor c, int64_t *ret_us)
{
    as_bytes whole = {c.p, count_digits(&c)};
    uint64_t n = 0;
    uint32_t micro = 0;

    if (!as_bytes_u64(whole, &n))
        return false;
    c.p += whole.n;
    if (take(&c, '.') && !take_fraction(&c, &micro))
        return false;
    if (!at_end(&c) || whole.p[0] == '0')
        return false;
    if (n >= AS_TIME_EPOCH_MIN && n <= EPOCH_MAX)
        *ret_us = (int64_t)n * AS_TIME_SECOND + micro;
    else if (n >= AS_TIME_EPOCH_MIN * 1000 && n / 1000 <= EPOCH_MAX)
        *ret_us = (int64_t)(n * 1000 + micro / 1000);
    else if (n >= AS_TIME_EPOCH_MIN * 1000000 && n / 1000000 <= EPOCH_MAX && !micro)
        *ret_us = (int64_t)n;
    else if (n >= FILETIME_1970 + AS_TIME_EPOCH_MIN * 10000000 &&
             (n - FILETIME_1970) / 10000000 <= EPOCH_MAX && !micro)
        *ret_us = (int64_t)((n - FILETIME_1970) / 10);
    else
        return false;
    return true;
}

/* 0x65EEC35B [Mon Mar 11 08:39:55 2024 UTC]: the words say what the number says. */
static bool parse_brackets(struct cursor c, int64_t *ret_us)
{
    if (!take(&c, '0') || !take_of(&c, "xX"))
        return false;
    while (!at_end(&c) && *c.p != ' ')
        c.p++;
    skip_blanks(&c);
    if (!take(&c, '[') || at_end(&c) || c.end[-1] != ']')
        return false;
    c.end--;
    return parse_words(c, ret_us);
}

bool as_time_parse(as_bytes text, int64_t *ret_us)
{
    struct cursor c = {text.p, text.p};
    int64_t us;

    if (text.n == 0 || text.n > AS_TIME_TEXT_MAX)
        return false;
    c.end += text.n;
    skip_blanks(&c);
    while (c.end > c.p && (c.end[-1] == ' ' || c.end[-1] == '\t'))
        c.end--;
    if (!parse_iso(c, &us) && !parse_count(c, &us) && !parse_compact(c, &us) &&
        !parse_slashes(c, &us) && !parse_words(c, &us) && !parse_brackets(c, &us))
        return false;
    *ret_us = us;
    return true;
}

const char *as_time_text(int64_t us, char dst[AS_TIME_SIZE])
{
    int64_t micro = us % AS_TIME_SECOND, seconds = us / AS_TIME_SECOND;
    int64_t days, era, of_era, year_of_era, of_year, month, clock;
    int n;

    if (micro < 0) {
        micro += AS_TIME_SECOND;
        seconds--;
    }
    days = seconds / SECONDS_A_DAY - (seconds % SECONDS_A_DAY < 0);
    clock = seconds - days * SECONDS_A_DAY;

    /* An era is the 400 years after which the calendar repeats; a year begins in March. */
    days += 719468;
    era = days / 146097 - (days % 146097 < 0);
    of_era = days - era * 146097;
    year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * of_year + 2) / 153;
    n = snprintf(dst, AS_TIME_SIZE,
                 "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64 ":%02" PRId64,
                 year_of_era + era * 400 + (month >= 10), month < 10 ? month + 3 : month - 9,
                 of_year - (153 * month + 2) / 5 + 1, clock / 3600, clock / 60 % 60, clock % 60);
    if (micro % 1000)
        (void)snprintf(dst + n, AS_TIME_SIZE - (size_t)n, ".%06" PRId64 "Z", micro);
    else if (micro)
        (void)snprintf(dst + n, AS_TIME_SIZE - (size_t)n, ".%03" PRId64 "Z", micro / 1000);
    else
        (void)snprintf(dst + n, AS_TIME_SIZE - (size_t)n, "Z");
    return dst;
}

int64_t as_time_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * AS_TIME_SECOND + now.tv_nsec / 1000;
}
