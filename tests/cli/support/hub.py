"""A hub on 127.0.0.1, laid out as huggingface.co is, that misbehaves on request."""
import hashlib
import http.server
import json
import threading
import urllib.parse

COMMIT = '0123456789abcdef0123456789abcdef01234567'


def git_sha1(body):
    return hashlib.sha1(b'blob %d\0' % len(body) + body).hexdigest()


class Server:
    """Serves what `answer(handler)` says; `seen` has (path, headers) of each request."""

    def __init__(self, answer):
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                outer.seen.append((self.path, dict(self.headers.items())))
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None # a client that was killed
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def send(handler, status, body=b'', **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace('_', '-'), value)
    handler.send_header('Content-Length', str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Hub:
    """`files`: {path: bytes}; those over 10 kB are "large": on a second server, the CDN."""

    def __init__(self, files, repo='owner/tiny-model'):
        self.files = dict(files)
        self.lies = {}           # path -> what the CDN or hub sends instead
        self.cut_after = {}      # path -> how often it breaks off in the middle
        self.fail = []           # statuses to answer with before anything else
        self.retry_after = None
        self.token = None        # wanted
        self.no_range = False
        self.list_size = {}      # path -> size that the listing tells
        self.commit = COMMIT
        self.repo = repo
        self.licence = 'mit'
        self.link_pages = False
        self.cdn = Server(self.answer_cdn)
        self.hub = Server(self.answer_hub)
        self.url = self.hub.url

    def close(self):
        self.hub.close()
        self.cdn.close()

    def large(self, path):
        return len(self.files[path]) > 10000

    def entry(self, path):
        body = self.files[path]
        size = self.list_size.get(path, len(body))
        e = {'type': 'file', 'oid': git_sha1(body), 'size': size, 'path': path}
        if self.large(path):
            e['oid'] = 'f' * 40
            e['lfs'] = {'oid': hashlib.sha256(body).hexdigest(), 'size': size, 'pointerSize': 134}
        return e

    def answer_hub(self, h):
        url = urllib.parse.urlsplit(h.path)
        if self.fail:
            extra = {'Retry_After': str(self.retry_after)} if self.retry_after is not None else {}
            return send(h, self.fail.pop(0), b'{"error":"try later"}', **extra)
        if self.token and h.headers.get('Authorization') != f'Bearer {self.token}':
            return send(h, 401, b'{"error":"Access to model is restricted"}')
        api = f'/api/models/{self.repo}'
        if url.path == f'{api}/revision/main' or url.path == f'{api}/revision/{self.commit}':
            return send(h, 200, json.dumps({'id': self.repo, 'sha': self.commit,
                                            'cardData': {'license': self.licence}}).encode())
        if url.path == f'{api}/tree/{self.commit}':
            return self.answer_tree(h, url)
        base = f'/{self.repo}/resolve/{self.commit}/'
        path = urllib.parse.unquote(url.path[len(base):]) if url.path.startswith(base) else None
        if path not in self.files:
            return send(h, 404, b'{"error":"not found"}')
        if self.large(path):
            return send(h, 302, b'', Location=f'{self.cdn.url}/{path}?signature=SECRET',
                        X_Repo_Commit=self.commit)
        return self.send_file(h, path)

    def answer_tree(self, h, url):
        entries = [self.entry(p) for p in self.files]
        entries.append({'type': 'directory', 'oid': 'e' * 40, 'size': 0, 'path': '1_Pooling'})
        if not self.link_pages:
            return send(h, 200, json.dumps(entries).encode())
        second = 'cursor' in url.query
        half = len(entries) // 2
        extra = {} if second else {
            'Link': f'<{self.url}{url.path}?recursive=1&cursor=x>; rel="next"'}
        return send(h, 200, json.dumps(entries[half:] if second else entries[:half]).encode(),
                    **extra)

    def answer_cdn(self, h):
        path = urllib.parse.unquote(urllib.parse.urlsplit(h.path).path[1:])
        self.send_file(h, path)

    def send_file(self, h, path):
        body = self.lies.get(path, self.files[path])
        etag = '"%s"' % hashlib.md5(body).hexdigest()
        begin, status, extra = 0, 200, {}
        wanted = h.headers.get('Range')
        if wanted and not self.no_range and h.headers.get('If-Range', etag) == etag:
            begin = int(wanted[len('bytes='):].rstrip('-'))
            status = 206
            extra['Content-Range'] = f'bytes {begin}-{len(body) - 1}/{len(body)}'
        h.send_response(status)
        for name, value in {'ETag': etag, 'Content-Length': str(len(body) - begin),
                            **extra}.items():
            h.send_header(name, value)
        h.end_headers()
        left = self.cut_after.get(path, 0)
        if left > 0:
            self.cut_after[path] = left - 1
            h.wfile.write(body[begin:begin + (len(body) - begin) // 2])
            h.wfile.flush()
            h.close_connection = True
            h.connection.shutdown(2)
            return
        h.wfile.write(body[begin:])
