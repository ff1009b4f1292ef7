#include "formats/strace_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * One line of strace:
 *
 *     [pid 7]  12:00:00.5 [00007f00a] openat(AT_FDCWD, "/x", O_RDONLY) = 3</x> <0.000040>
 *
 * What stands before the name is there or not, as the options had it; every part says by
 * its own form what it is. Brackets in texts, in the paths of -y and in comments are none.
 */

static as_bytes from(as_bytes b, size_t n)
{
    return (as_bytes){b.p + n, b.n - n};
}

static as_bytes skip_blanks(as_bytes b)
{
    while (b.n && b.p[0] == ' ')
        b = from(b, 1);
    return b;
}

static as_bytes trim_end(as_bytes b)
{
    while (b.n && b.p[b.n - 1] == ' ')
        b.n--;
    return b;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(as_bytes b)
{
    size_t n = 0;

    while (n < b.n && is_digit(b.p[n]))
        n++;
    return n;
}

static bool begins(as_bytes b, const char *text)
{
    size_t n = strlen(text);

    return b.n >= n && !memcmp(b.p, text, n);
}

static bool ends(as_bytes b, const char *text)
{
    size_t n = strlen(text);

    return b.n >= n && !memcmp(b.p + b.n - n, text, n);
}

static bool is_name(uint8_t c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '?';
}

/* --- what stands before the call -------------------------------------------------------- */

/* Length of "<..>" at the start of `b`, one in the other counted; "->" ends nothing. */
static size_t angle_length(as_bytes b)
{
    size_t depth = 0;

    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] == '<')
            depth++;
        else if (b.p[i] == '>' && b.p[i - 1] != '-' && !--depth)
            return i + 1;
    }
    return 0;
}

/* "7", "7<name>", "7 / * 3 in strace's PID NS * /", with blanks behind. */
static as_bytes take_number(as_bytes b, as_strace_line *ret)
{
    size_t n = digits(b), name;

    ret->pid = (as_bytes){b.p, n};
    b = from(b, n);
    name = b.n && b.p[0] == '<' ? angle_length(b) : 0;
    if (name > 2)
        ret->comm = (as_bytes){b.p + 1, name - 2};
    return from(b, name);
}

/* Of seconds since 1970. Those since the call before have fewer, and so have processes. */
#define EPOCH_DIGITS 9

static as_bytes take_pid(as_bytes b, as_strace_line *ret)
{
    as_bytes rest;
    size_t n;

    if (begins(b, "[pid ")) {
        rest = skip_blanks(from(b, 5));
        n = digits(rest);
        rest = n ? take_number(rest, ret) : b;
        if (n && rest.n && rest.p[0] == ']')
            return skip_blanks(from(rest, 1));
        ret->pid = ret->comm = (as_bytes){0};
        return b;
    }
    n = digits(b);
    if (!n || n >= EPOCH_DIGITS || n >= b.n || (b.p[n] != ' ' && b.p[n] != '<'))
        return b;
    rest = take_number(b, ret);
    return skip_blanks(rest);
}

/* Length of 12:00:00[.5]. */
static size_t clock_length(as_bytes b)
{
    size_t n = 8;

    if (b.n < 8 || digits(b) != 2 || b.p[2] != ':' || digits(from(b, 3)) != 2 || b.p[5] != ':' ||
        digits(from(b, 6)) != 2)
        return 0;
    if (n < b.n && b.p[n] == '.')
        n += 1 + digits(from(b, n + 1));
    return n;
}

static as_bytes take_time(as_bytes b, as_strace_line *ret)
{
    size_t n = clock_length(b), whole = digits(b);
    bool distance = false;
    as_bytes rest;

    if (!n && whole && whole < b.n && b.p[whole] == '.') {
        n = whole + 1 + digits(from(b, whole + 1));
        distance = whole < EPOCH_DIGITS;
    } else if (!n && whole >= EPOCH_DIGITS) {
        n = whole; /* -ttt of a strace that was told to leave the fraction out */
    }
    if (!n || n >= b.n || b.p[n] != ' ')
        return b;
    if (!distance)
        ret->time = (as_bytes){b.p, n};
    rest = skip_blanks(from(b, n));
    if (begins(rest, "(+")) {
        const uint8_t *end = memchr(rest.p, ')', rest.n);

        if (end)
            rest = skip_blanks(from(rest, (size_t)(end - rest.p) + 1));
    }
    return rest;
}

/* "[00007f00a]" of -i and "[  59]" of -n. */
static as_bytes take_brackets(as_bytes b, as_strace_line *ret)
{
    while (b.n && b.p[0] == '[') {
        size_t n = 1;

        while (n < b.n && (is_digit(b.p[n]) || (b.p[n] >= 'a' && b.p[n] <= 'f') || b.p[n] == '?' ||
                           b.p[n] == ' ' || b.p[n] == 'x'))
            n++;
        if (n < 2 || n + 1 >= b.n || b.p[n] != ']' || b.p[n + 1] != ' ')
            return b;
        if (n > 8 && b.p[1] != '?')
            ret->address = (as_bytes){b.p + 1, n - 1};
        b = skip_blanks(from(b, n + 2));
    }
    return b;
}

/* --- the call --------------------------------------------------------------------------- */

enum { PLAIN, QUOTE, OPEN, CLOSE, ANGLE, SLASH, COMMA };

static const uint8_t marks[256] = {
    ['"'] = QUOTE, ['('] = OPEN,  ['['] = OPEN,  ['{'] = OPEN,  [')'] = CLOSE,
    [']'] = CLOSE, ['}'] = CLOSE, ['<'] = ANGLE, ['/'] = SLASH, [','] = COMMA};

/* Index behind the text whose opening quote stands at `i`, or n. */
static size_t pass_string(const uint8_t *p, size_t n, size_t i)
{
    for (i++; i < n && p[i] != '"'; i++) {
        if (p[i] == '\\')
            i++;
    }
    return i < n ? i + 1 : n;
}

/* Looking for an end that is not there reads all the rest: only so often for one call. */
#define OPEN_MAX 16u

/* The path of -y behind a descriptor; "1<<3" is a number, " <unfinished" a mark. */
static size_t pass_angle(const uint8_t *p, size_t n, size_t i, unsigned *open)
{
    size_t k;

    if (*open >= OPEN_MAX || i == 0 || (!is_digit(p[i - 1]) && p[i - 1] != 'D') ||
        (i + 1 < n && p[i + 1] == '<'))
        return i + 1;
    k = angle_length((as_bytes){p + i, n - i});
    *open += !k;
    return i + (k ? k : 1);
}

static size_t pass_comment(const uint8_t *p, size_t n, size_t i, unsigned *open)
{
    if (*open >= OPEN_MAX || i + 1 >= n || p[i + 1] != '*')
        return i + 1;
    for (size_t k = i + 2; k + 1 < n; k++) {
        if (p[k] == '*' && p[k + 1] == '/')
            return k + 2;
    }
    ++*open;
    return i + 2;
}

static void add_arg(as_strace_line *l, const uint8_t *begin, const uint8_t *end)
{
    as_bytes arg = trim_end(skip_blanks((as_bytes){begin, (size_t)(end - begin)}));

    if (l->n_args == AS_CALL_ARGS_MAX)
        l->args_left_out++;
    else if (arg.n || l->n_args)
        l->args[l->n_args++] = arg;
}

/* Fills the arguments up to the bracket that ends them; its index, or b.n: there is none. */
static size_t scan_args(as_bytes b, as_strace_line *l)
{
    const uint8_t *p = b.p, *begin = b.p;
    size_t i = 0, depth = 0;
    unsigned open_angles = 0, open_comments = 0;

    l->n_args = l->args_left_out = 0;
    while (i < b.n) {
        switch (marks[p[i]]) {
        case QUOTE:
            i = pass_string(p, b.n, i);
            break;
        case OPEN:
            depth++;
            i++;
            break;
        case CLOSE:
            if (!depth && p[i] == ')') {
                add_arg(l, begin, p + i);
                return i;
            }
            depth -= depth > 0;
            i++;
            break;
        case ANGLE:
            i = pass_angle(p, b.n, i, &open_angles);
            break;
        case SLASH:
            i = pass_comment(p, b.n, i, &open_comments);
            break;
        case COMMA:
            if (!depth) {
                add_arg(l, begin, p + i);
                begin = p + i + 1;
            }
            i++;
            break;
        default:
            i++;
        }
    }
    add_arg(l, begin, p + b.n);
    return b.n;
}

/* " <0.000040>" of -T. */
static as_bytes drop_duration(as_bytes b)
{
    size_t n = b.n;

    if (!n || b.p[n - 1] != '>')
        return b;
    for (n--; n && (is_digit(b.p[n - 1]) || b.p[n - 1] == '.'); n--)
        ;
    return n >= 2 && b.p[n - 1] == '<' && b.p[n - 2] == ' ' ? trim_end((as_bytes){b.p, n - 2}) : b;
}

static bool is_errno(as_bytes b)
{
    return b.n >= 2 && b.p[0] == 'E' && b.p[1] >= 'A' && b.p[1] <= 'Z';
}

/* Behind the bracket: "= 3</x> (flags O_RDWR) <0.000040>". */
static bool parse_result(as_bytes b, as_strace_line *l)
{
    size_t n = 0;

    b = skip_blanks(b);
    if (b.n < 3 || b.p[0] != '=' || b.p[1] != ' ')
        return false;
    b = drop_duration(trim_end(from(b, 2)));
    while (n < b.n && b.p[n] != ' ' && b.p[n] != '<')
        n++;
    if (!n)
        return false;
    l->ret = (as_bytes){b.p, n};
    b = from(b, n);
    if (b.n && b.p[0] == '<') {
        n = angle_length(b);
        if (n > 2)
            l->ret_path = (as_bytes){b.p + 1, n - 2};
        b = from(b, n);
    }
    l->ret_text = skip_blanks(b);
    l->failed = l->ret.p[0] == '-' && is_errno(l->ret_text);
    return true;
}

bool as_strace_parse_rest(as_bytes text, as_strace_line *l)
{
    size_t end = scan_args(text, l);

    l->ret = l->ret_path = l->ret_text = (as_bytes){0};
    l->failed = false;
    l->text = trim_end((as_bytes){text.p, end});
    return end < text.n && parse_result(from(text, end + 1), l);
}

static const char unfinished[] = "<unfinished ...>", detached[] = "<detached ...>";

/* "..strace: Process 7 attached" in a line that strace had begun to write: where it starts. */
static size_t note_at(as_bytes b)
{
    static const char note[] = "strace: Process ";
    size_t n = sizeof(note) - 1;

    for (size_t i = b.n > n ? b.n - n : 0; i > 0; i--) {
        if (b.p[i] == 's' && !memcmp(b.p + i, note, n))
            return i;
    }
    return b.n;
}

static void parse_attached(as_bytes b, as_strace_line *l)
{
    as_bytes who = begins(b, "strace: ") ? from(b, 8) : b;

    l->what = AS_STRACE_NOTE;
    if (!begins(who, "Process "))
        return;
    who = from(who, 8);
    l->name = (as_bytes){who.p, digits(who)};
    if (begins(from(who, l->name.n), " attached"))
        l->what = l->name.n ? AS_STRACE_ATTACHED : AS_STRACE_NOTE;
}

/* The call's arguments from `b` on, which run to the end of the line. */
static void parse_open_end(as_bytes b, as_strace_line *l)
{
    size_t note = note_at(b);

    (void)scan_args((as_bytes){b.p, note}, l);
    l->text = (as_bytes){b.p, note};
    l->what = AS_STRACE_BROKEN;
    if (note == b.n)
        l->what = AS_STRACE_BAD;
}

static void parse_call(as_bytes b, as_strace_line *l)
{
    size_t n = 0;

    while (n < b.n && is_name(b.p[n]))
        n++;
    if (!n || n >= b.n || b.p[n] != '(' || is_digit(b.p[0]))
        return;
    l->name = (as_bytes){b.p, n};
    b = from(b, n + 1);
    if (ends(b, unfinished) || ends(b, detached)) {
        l->what = AS_STRACE_UNFINISHED;
        l->text = (as_bytes){
            b.p, b.n - (ends(b, unfinished) ? sizeof(unfinished) - 1 : sizeof(detached) - 1)};
    } else if (as_strace_parse_rest(b, l)) {
        l->what = AS_STRACE_CALL;
    } else {
        parse_open_end(b, l);
    }
}

/* <... read resumed>"x", 1) = 1 */
static void parse_resumed(as_bytes b, as_strace_line *l)
{
    static const char mark[] = " resumed>";
    size_t n = 0;

    b = from(b, 5);
    while (n < b.n && is_name(b.p[n]))
        n++;
    l->name = (as_bytes){b.p, n};
    b = from(b, n);
    if (!n || !begins(b, mark))
        return;
    l->what = AS_STRACE_RESUMED;
    l->text = from(b, sizeof(mark) - 1);
}

/* --- SIGX {..} --- or "stopped by SIGX" */
static void parse_signal(as_bytes b, as_strace_line *l)
{
    size_t n = 0;

    b = from(b, 4);
    if (!ends(b, " ---"))
        return;
    b.n -= 4;
    if (begins(b, "stopped by "))
        b = from(b, 11);
    while (n < b.n && b.p[n] != ' ')
        n++;
    if (!n)
        return;
    l->what = AS_STRACE_SIGNAL;
    l->name = (as_bytes){b.p, n};
    l->text = skip_blanks(from(b, n));
}

static void parse_end(as_bytes b, as_strace_line *l)
{
    size_t n = 0;

    b = from(b, 4);
    if (!ends(b, " +++"))
        return;
    b.n -= 4;
    l->what = AS_STRACE_NOTE;
    l->text = b;
    if (begins(b, "exited with "))
        l->what = AS_STRACE_EXITED;
    else if (begins(b, "killed by "))
        l->what = AS_STRACE_KILLED;
    else
        return;
    b = from(b, l->what == AS_STRACE_EXITED ? 12 : 10);
    while (n < b.n && b.p[n] != ' ')
        n++;
    l->name = (as_bytes){b.p, n};
    if (!n)
        l->what = AS_STRACE_NOTE;
}

static void parse_body(as_bytes b, as_strace_line *l)
{
    if (begins(b, "<... "))
        parse_resumed(b, l);
    else if (begins(b, "--- "))
        parse_signal(b, l);
    else if (begins(b, "+++ "))
        parse_end(b, l);
    else if (begins(b, "strace: ") || begins(b, "Process "))
        parse_attached(b, l);
    else if (begins(b, "[ Process PID="))
        l->what = AS_STRACE_NOTE;
    else
        parse_call(b, l);
}

void as_strace_parse(as_bytes line, as_strace_line *l)
{
    as_bytes b = line;

    l->what = AS_STRACE_BAD;
    l->pid = l->comm = l->time = l->address = l->name = l->text = (as_bytes){0};
    l->ret = l->ret_path = l->ret_text = (as_bytes){0};
    l->failed = false;
    l->n_args = l->args_left_out = 0;
    if (begins(b, " > ")) {
        l->what = AS_STRACE_STACK;
        return;
    }
    b = take_pid(skip_blanks(b), l);
    b = take_time(b, l);
    b = take_brackets(b, l);
    parse_body(b, l);
}

/* --- arguments ----------------------------------------------------------------------------- */

bool as_strace_named(as_bytes arg, as_bytes *ret_name, as_bytes *ret_value)
{
    size_t n = 0;

    *ret_name = (as_bytes){0};
    *ret_value = arg;
    while (n < arg.n && is_name(arg.p[n]))
        n++;
    if (!n || n + 1 >= arg.n || arg.p[n] != '=' || arg.p[n + 1] == '=' || arg.p[n + 1] == '>')
        return false;
    *ret_name = (as_bytes){arg.p, n};
    *ret_value = from(arg, n + 1);
    return true;
}

/* Length of the value at the start of `b`, up to the comma or bracket that ends it. */
static size_t value_length(as_bytes b)
{
    size_t i = 0, depth = 0;

    while (i < b.n) {
        uint8_t mark = marks[b.p[i]];

        if (mark == QUOTE) {
            i = pass_string(b.p, b.n, i);
            continue;
        }
        if (!depth && (mark == COMMA || mark == CLOSE))
            return i;
        depth += mark == OPEN;
        depth -= mark == CLOSE;
        i++;
    }
    return b.n;
}

as_bytes as_strace_field(as_bytes text, const char *name)
{
    size_t k = strlen(name);

    for (size_t i = 0; i + k < text.n;) {
        if (text.p[i] == '"') {
            i = pass_string(text.p, text.n, i);
            continue;
        }
        if (text.p[i + k] == '=' && (i == 0 || !is_name(text.p[i - 1])) &&
            !memcmp(text.p + i, name, k)) {
            as_bytes value = from(text, i + k + 1);

            return (as_bytes){value.p, value_length(value)};
        }
        i++;
    }
    return (as_bytes){0};
}

static unsigned hex_of(uint8_t c)
{
    return is_digit(c) ? c - (unsigned)'0' : c >= 'a' && c <= 'f' ? c - 'a' + 10u : 99u;
}

/* The escape behind a backslash: its byte in *ret, its length. */
static size_t unescape(as_bytes b, uint8_t *ret)
{
    static const char letters[] = "tnvfr", bytes[] = "\t\n\v\f\r";
    const char *letter = memchr(letters, b.p[0], sizeof(letters) - 1);
    unsigned value = 0;
    size_t n = 0;

    *ret = b.p[0];
    if (letter) {
        *ret = (uint8_t)bytes[letter - letters];
        return 1;
    }
    if (b.p[0] == 'x' && b.n >= 3 && hex_of(b.p[1]) < 16 && hex_of(b.p[2]) < 16) {
        *ret = (uint8_t)(hex_of(b.p[1]) << 4 | hex_of(b.p[2]));
        return 3;
    }
    for (; n < 3 && n < b.n && b.p[n] >= '0' && b.p[n] <= '7'; n++)
        value = value * 8 + b.p[n] - '0';
    if (n)
        *ret = (uint8_t)value;
    return n ? n : 1;
}

size_t as_strace_string_length(as_bytes text)
{
    size_t n;

    if (!text.n || text.p[0] != '"')
        return 0;
    n = pass_string(text.p, text.n, 0);
    return begins(from(text, n), "...") ? n + 3 : n;
}

void as_strace_unescape(as_bytes text, as_buf *out)
{
    for (size_t i = 0; i < text.n;) {
        uint8_t byte = text.p[i++];

        if (byte == '\\' && i < text.n)
            i += unescape(from(text, i), &byte);
        as_buf_byte(out, byte);
    }
}

bool as_strace_string(as_bytes arg, as_buf *out, bool *ret_cut)
{
    size_t end;

    if (arg.n && arg.p[0] == '@')
        arg = from(arg, 1); /* an abstract socket's name */
    if (arg.n < 2 || arg.p[0] != '"')
        return false;
    end = pass_string(arg.p, arg.n, 0);
    *ret_cut |= begins(from(arg, end), "...");
    as_strace_unescape((as_bytes){arg.p + 1, end > 2 ? end - 2 : 0}, out);
    return true;
}

bool as_strace_fd(as_bytes arg, uint32_t *ret, as_bytes *ret_path)
{
    size_t n = digits(arg);
    uint64_t value;

    *ret_path = (as_bytes){0};
    if (begins(arg, "AT_FDCWD")) {
        n = 8;
        *ret = UINT32_MAX;
    } else if (n && as_bytes_u64((as_bytes){arg.p, n}, &value) && value < UINT32_MAX) {
        *ret = (uint32_t)value;
    } else {
        return false;
    }
    arg = from(arg, n);
    n = arg.n && arg.p[0] == '<' ? angle_length(arg) : 0;
    if (n > 2)
        *ret_path = (as_bytes){arg.p + 1, n - 2};
    return true;
}

bool as_strace_flag(as_bytes flags, const char *word)
{
    size_t k = strlen(word);

    for (size_t i = 0; i + k <= flags.n; i++) {
        if (flags.p[i] == (uint8_t)word[0] && !memcmp(flags.p + i, word, k) &&
            (i == 0 || !is_name(flags.p[i - 1])) && (i + k == flags.n || !is_name(flags.p[i + k])))
            return true;
    }
    return false;
}
