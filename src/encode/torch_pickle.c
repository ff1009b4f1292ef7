#include "encode/torch_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* Opcodes of pickle protocol 2 that a state dict is written with. */
enum {
    MARK = '(',
    STOP = '.',
    BININT = 'J',
    BININT1 = 'K',
    BININT2 = 'M',
    NONE = 'N',
    BINPERSID = 'Q',
    REDUCE = 'R',
    BINUNICODE = 'X',
    BUILD = 'b',
    GLOBAL = 'c',
    BINGET = 'h',
    LONG_BINGET = 'j',
    BINPUT = 'q',
    LONG_BINPUT = 'r',
    SETITEM = 's',
    TUPLE = 't',
    SETITEMS = 'u',
    EMPTY_DICT = '}',
    EMPTY_TUPLE = ')',
    PROTO = 0x80,
    TUPLE1 = 0x85,
    TUPLE2 = 0x86,
    TUPLE3 = 0x87,
    NEWTRUE = 0x88,
    NEWFALSE = 0x89,
    LONG1 = 0x8a,
};

as_code as_pickle_fail(const as_pickle *p, as_code code, const char *what, as_err *err)
{
    return as_fail(err, code, p->op, "pickle: %s at byte %zu of data.pkl", what, p->op);
}

void as_pickle_done(as_pickle *p)
{
    as_mem_free(p->stack);
    as_mem_free(p->memo);
    as_mem_free(p->items);
}

/* --- reading ------------------------------------------------------------------------------- */

static bool take(as_pickle *p, size_t n, as_bytes *ret)
{
    if (n > p->program.n - p->at)
        return false;
    *ret = (as_bytes){p->program.p + p->at, n};
    p->at += n;
    return true;
}

static bool take_number(as_pickle *p, unsigned n, uint64_t *ret)
{
    as_bytes b;

    if (!take(p, n, &b))
        return false;
    *ret = as_le(b.p, n);
    return true;
}

static bool take_line(as_pickle *p, as_bytes *ret)
{
    const uint8_t *from = p->program.p + p->at, *end;

    end = memchr(from, '\n', p->program.n - p->at);
    if (!end)
        return false;
    *ret = (as_bytes){from, (size_t)(end - from)};
    p->at += ret->n + 1;
    return true;
}

static as_code cut(const as_pickle *p, as_err *err)
{
    return as_pickle_fail(p, AS_INVALID, "an instruction is cut short", err);
}

/* --- the stack ----------------------------------------------------------------------------- */

static as_code push(as_pickle *p, as_pickle_value v, as_err *err)
{
    if (p->stack_n >= AS_PICKLE_STACK_MAX)
        return as_pickle_fail(p, AS_LIMIT, "the stack is full", err);
    if (!as_mem_room((void **)&p->stack, &p->stack_cap, p->stack_n, sizeof(*p->stack)))
        return as_fail_nomem(err, "a pickle's stack");
    p->stack[p->stack_n++] = v;
    return AS_OK;
}

static as_code push_number(as_pickle *p, as_pickle_type type, int64_t n, as_err *err)
{
    return push(p, (as_pickle_value){.type = type, .u.number = n}, err);
}

/* Whether the topmost `n` are values: no instruction reaches over a mark. */
static bool has(const as_pickle *p, size_t n)
{
    if (n > p->stack_n)
        return false;
    for (size_t i = p->stack_n - n; i < p->stack_n; i++) {
        if (p->stack[i].type == AS_PICKLE_MARK)
            return false;
    }
    return true;
}

static as_code too_few(const as_pickle *p, as_err *err)
{
    return as_pickle_fail(p, AS_INVALID, "too few values for the instruction", err);
}

/* How many values lie above the topmost mark. */
static bool above_mark(const as_pickle *p, size_t *ret)
{
    for (size_t i = p->stack_n; i-- > 0;) {
        if (p->stack[i].type == AS_PICKLE_MARK) {
            *ret = p->stack_n - i - 1;
            return true;
        }
    }
    return false;
}

/* --- instructions -------------------------------------------------------------------------- */

/* The topmost `n` become one; `marked`: and the mark below them goes. */
static as_code make_tuple(as_pickle *p, size_t n, bool marked, as_err *err)
{
    as_pickle_value v = {.type = AS_PICKLE_TUPLE, .n = (uint32_t)n};
    as_pickle_value *items = NULL;

    if (!has(p, n))
        return too_few(p, err);
    if (n) {
        items = as_arena_take(p->arena, n, sizeof(*items));
        if (!items)
            return as_fail_nomem(err, "a pickle's tuple");
        memcpy(items, p->stack + p->stack_n - n, n * sizeof(*items));
    }
    v.u.items = items;
    p->stack_n -= n + (marked ? 1 : 0);
    return push(p, v, err);
}

static as_code make_marked_tuple(as_pickle *p, as_err *err)
{
    size_t n;

    return above_mark(p, &n) ? make_tuple(p, n, true, err) : too_few(p, err);
}

static as_code put_items(as_pickle *p, size_t n, bool marked, as_err *err)
{
    size_t first = p->stack_n - n, below = n + (marked ? 1 : 0);
    const as_pickle_value *dict;

    if (!has(p, n) || n % 2 || p->stack_n <= below)
        return too_few(p, err);
    dict = &p->stack[p->stack_n - below - 1];
    if (dict->type != AS_PICKLE_DICT)
        return as_pickle_fail(p, AS_INVALID, "items for what is no dict", err);
    for (size_t i = 0; i < n; i += 2) {
        if (p->items_n >= AS_PICKLE_STACK_MAX)
            return as_pickle_fail(p, AS_LIMIT, "too many items", err);
        if (!as_mem_room((void **)&p->items, &p->items_cap, p->items_n, sizeof(*p->items)))
            return as_fail_nomem(err, "a pickle's items");
        p->items[p->items_n++] =
            (as_pickle_item){dict->u.number, p->stack[first + i], p->stack[first + i + 1], p->op};
    }
    p->stack_n -= below;
    return AS_OK;
}

static as_code put_marked_items(as_pickle *p, as_err *err)
{
    size_t n;

    return above_mark(p, &n) ? put_items(p, n, true, err) : too_few(p, err);
}

/* Writers number their memo from 0 on, so that it never is larger than the program. */
static as_code memo_put(as_pickle *p, unsigned width, as_err *err)
{
    uint64_t index;

    if (!take_number(p, width, &index))
        return cut(p, err);
    if (!has(p, 1))
        return too_few(p, err);
    if (index > p->memo_n)
        return as_pickle_fail(p, AS_INVALID, "a memo number is left out", err);
    if (index == p->memo_n) {
        if (!as_mem_room((void **)&p->memo, &p->memo_cap, p->memo_n, sizeof(*p->memo)))
            return as_fail_nomem(err, "a pickle's memo");
        p->memo_n++;
    }
    p->memo[index] = p->stack[p->stack_n - 1];
    return AS_OK;
}

static as_code memo_get(as_pickle *p, unsigned width, as_err *err)
{
    uint64_t index;

    if (!take_number(p, width, &index))
        return cut(p, err);
    if (index >= p->memo_n)
        return as_pickle_fail(p, AS_INVALID, "no such memo number", err);
    return push(p, p->memo[index], err);
}

static as_code push_int(as_pickle *p, unsigned width, bool is_signed, as_err *err)
{
    uint64_t v = 0;

    if (!take_number(p, width, &v))
        return cut(p, err);
    if (is_signed && width && width < 8 && v >> (8 * width - 1))
        v |= ~(uint64_t)0 << 8 * width;
    return push_number(p, AS_PICKLE_INT, (int64_t)v, err);
}

static as_code push_long(as_pickle *p, as_err *err)
{
    uint64_t n;

    if (!take_number(p, 1, &n))
        return cut(p, err);
    if (n > 8)
        return as_pickle_fail(p, AS_INVALID, "a number of more than 8 bytes", err);
    return push_int(p, (unsigned)n, true, err);
}

static as_code push_text(as_pickle *p, as_err *err)
{
    as_pickle_value v = {.type = AS_PICKLE_TEXT};
    uint64_t n;

    if (!take_number(p, 4, &n) || !take(p, (size_t)n, &v.u.text))
        return cut(p, err);
    return push(p, v, err);
}

static as_code push_global(as_pickle *p, as_err *err)
{
    as_pickle_value v = {0};
    as_bytes module, name;
    as_code rc;

    if (!take_line(p, &module) || !take_line(p, &name))
        return cut(p, err);
    rc = as_pickle_find_global(p, module, name, &v, err);
    return rc ? rc : push(p, v, err);
}

static as_code push_dict(as_pickle *p, as_err *err)
{
    return push_number(p, AS_PICKLE_DICT, p->dicts++, err);
}

static as_code persistent(as_pickle *p, as_err *err)
{
    return has(p, 1) ? as_pickle_storage(p, &p->stack[p->stack_n - 1], err) : too_few(p, err);
}

static as_code reduce(as_pickle *p, as_err *err)
{
    if (!has(p, 2))
        return too_few(p, err);
    p->stack_n--;
    return as_pickle_reduce(p, &p->stack[p->stack_n - 1], &p->stack[p->stack_n], err);
}

/* Attributes of a state dict (_metadata): versions of modules, nothing to keep. */
static as_code build(as_pickle *p, as_err *err)
{
    if (!has(p, 2))
        return too_few(p, err);
    if (p->stack[p->stack_n - 2].type != AS_PICKLE_DICT ||
        p->stack[p->stack_n - 1].type != AS_PICKLE_DICT)
        return as_pickle_fail(p, AS_UNKNOWN, "attributes of what is no dict", err);
    p->stack_n--;
    return AS_OK;
}

static as_code protocol(as_pickle *p, as_err *err)
{
    uint64_t v;

    if (!take_number(p, 1, &v))
        return cut(p, err);
    if (v != 2)
        return as_pickle_fail(p, AS_UNKNOWN, "a protocol other than 2", err);
    return AS_OK;
}

static as_code unknown(const as_pickle *p, uint8_t op, as_err *err)
{
    char what[64];

    (void)snprintf(what, sizeof(what), "opcode 0x%02x, which no state dict needs,", op);
    return as_pickle_fail(p, AS_UNKNOWN, what, err);
}

/* long: one switch */
static as_code step(as_pickle *p, uint8_t op, as_err *err)
{
    switch (op) {
    case PROTO:
        return protocol(p, err);
    case GLOBAL:
        return push_global(p, err);
    case BINPUT:
        return memo_put(p, 1, err);
    case LONG_BINPUT:
        return memo_put(p, 4, err);
    case BINGET:
        return memo_get(p, 1, err);
    case LONG_BINGET:
        return memo_get(p, 4, err);
    case MARK:
        return push_number(p, AS_PICKLE_MARK, 0, err);
    case EMPTY_TUPLE:
        return make_tuple(p, 0, false, err);
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
        return make_tuple(p, (size_t)(op - TUPLE1) + 1, false, err);
    case TUPLE:
        return make_marked_tuple(p, err);
    case EMPTY_DICT:
        return push_dict(p, err);
    case BINUNICODE:
        return push_text(p, err);
    case BININT:
        return push_int(p, 4, true, err);
    case BININT1:
        return push_int(p, 1, false, err);
    case BININT2:
        return push_int(p, 2, false, err);
    case LONG1:
        return push_long(p, err);
    case NEWTRUE:
    case NEWFALSE:
        return push_number(p, AS_PICKLE_BOOL, op == NEWTRUE, err);
    case NONE:
        return push_number(p, AS_PICKLE_NONE, 0, err);
    case BINPERSID:
        return persistent(p, err);
    case REDUCE:
        return reduce(p, err);
    case SETITEM:
        return put_items(p, 2, false, err);
    case SETITEMS:
        return put_marked_items(p, err);
    case BUILD:
        return build(p, err);
    default:
        return unknown(p, op, err);
    }
}

as_code as_pickle_run(as_pickle *p, as_pickle_value *ret, as_err *err)
{
    as_code rc = AS_OK;

    while (!rc) {
        uint8_t op;

        p->op = p->at;
        if (p->at == p->program.n)
            return as_pickle_fail(p, AS_INVALID, "no end: cut short", err);
        op = p->program.p[p->at++];
        if (op == STOP)
            break;
        rc = step(p, op, err);
    }
    if (rc)
        return rc;
    if (p->stack_n != 1 || !has(p, 1) || p->at != p->program.n)
        return as_pickle_fail(p, AS_INVALID, "an end that leaves more than one value", err);
    *ret = p->stack[0];
    return AS_OK;
}
