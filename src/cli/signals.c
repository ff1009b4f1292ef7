#include "cli/cli_priv.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * A handler gets no argument of ours, so what it must undo lies here. `armed` is set
 * after the path is whole and cleared before it changes.
 */
static char temp_path[PATH_MAX];
static volatile sig_atomic_t armed;
static volatile sig_atomic_t on_terminal;

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

/* Only calls that are safe in a handler. The action is reset: the raise below ends us. */
static void undo_and_die(int number)
{
    static const char erase[] = "\r\x1b[K";

    if (armed)
        (void)unlink(temp_path);
    if (on_terminal && number != SIGPIPE && write(STDERR_FILENO, erase, sizeof(erase) - 1) < 0)
        on_terminal = 0;
    (void)raise(number);
}

void as_signals_install(void)
{
    const char *term = getenv("TERM");

    /* A file that may not grow (ulimit -f) is a write that fails, and is told as one. */
    (void)signal(SIGXFSZ, SIG_IGN);
    on_terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    for (size_t i = 0; i < AS_COUNT(ending); i++) {
        struct sigaction old, act = {.sa_handler = undo_and_die};

        /* nohup and shells in the background ignore some of them on purpose. */
        if (sigaction(ending[i], NULL, &old) || old.sa_handler == SIG_IGN)
            continue;
        act.sa_flags = (int)SA_RESETHAND;
        (void)sigfillset(&act.sa_mask);
        (void)sigaction(ending[i], &act, NULL);
    }
}

bool as_signals_remove(const char *path)
{
    size_t n = path ? strlen(path) + 1 : 0;

    armed = 0;
    if (n > sizeof(temp_path))
        return false;
    if (n > 0) {
        memcpy(temp_path, path, n);
        armed = 1;
    }
    return true;
}
