/*
 * scripted_server - a web server on 127.0.0.1 that gives the answers of a script, in order,
 * one a connection, and keeps what it was asked. Header only, for tests.
 */
#ifndef SCRIPTED_SERVER_H
#define SCRIPTED_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCRIPT_MAX  16
#define REQUEST_MAX ((size_t)1 << 20)

struct script {
    const char *answers[SCRIPT_MAX]; /* whole, with headers; "": just closes */
    int n;
    int at; /* answers given */
    char *asked[SCRIPT_MAX];
    int fd;
    unsigned port;
    pthread_t thread;
};

/* Headers, and as much behind them as Content-Length says. */
static size_t script_take(int fd, char *dst)
{
    size_t n = 0, want = REQUEST_MAX - 1;

    while (n < want) {
        ssize_t got = recv(fd, dst + n, REQUEST_MAX - 1 - n, 0);
        char *end, *length;

        if (got <= 0)
            break;
        n += (size_t)got;
        dst[n] = '\0';
        end = strstr(dst, "\r\n\r\n");
        length = strcasestr(dst, "content-length:");
        if (end)
            want = (size_t)(end - dst) + 4 + (length ? strtoul(length + 15, NULL, 10) : 0);
    }
    return n;
}

static void *script_serve(void *ctx)
{
    struct script *s = ctx;

    for (;;) {
        int fd = accept(s->fd, NULL, NULL);
        const char *answer = s->at < s->n ? s->answers[s->at] : "";
        char *asked;

        if (fd < 0)
            return NULL;
        asked = calloc(1, REQUEST_MAX);
        if (asked)
            (void)script_take(fd, asked);
        if (s->at < SCRIPT_MAX)
            s->asked[s->at] = asked;
        else
            free(asked);
        s->at++;
        (void)!write(fd, answer, strlen(answer));
        (void)close(fd);
    }
}

static int script_start(struct script *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof(at);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&at, n) || listen(s->fd, 8) ||
        getsockname(s->fd, (struct sockaddr *)&at, &n))
        return -1;
    s->port = ntohs(at.sin_port);
    return pthread_create(&s->thread, NULL, script_serve, s);
}

/* No more is served; what was asked may be read. */
static void script_join(struct script *s)
{
    (void)shutdown(s->fd, SHUT_RDWR);
    (void)pthread_join(s->thread, NULL);
    (void)close(s->fd);
}

/* The request of that number, "" if it did not come. */
static const char *script_asked(const struct script *s, int i)
{
    return s->asked[i] ? s->asked[i] : "";
}

static void script_done(struct script *s)
{
    for (int i = 0; i < SCRIPT_MAX; i++)
        free(s->asked[i]);
}

#endif
