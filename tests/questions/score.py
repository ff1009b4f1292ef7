#!/usr/bin/env python3
"""Scores `assay ask` on questions whose answers are known.

    ASSAY_DATA=/path/to/data tests/questions/score.py [OPTION]... FILE.jsonl...

One store is made of the reports of each file (and kept, where --stores names a folder),
then every question and every variant of it is asked. See README.md beside this.
Exit status: 0 all right, 1 some are not, 2 it could not be run, 77 no data.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ASK = "{assay} ask --json {sample} {question}"


def fold(text):
    return str(text).casefold().strip()


def stands_in(needle, hay):
    """The needle is in it, not as part of a longer word or number."""
    needle, hay = fold(needle), fold(hay)
    head = r"(?<![a-z0-9_])" if re.match(r"[a-z0-9_]", needle) else ""
    tail = r"(?![a-z0-9_])" if re.search(r"[a-z0-9_]$", needle) else ""
    return re.search(head + re.escape(needle) + tail, hay) is not None


def numbers(text):
    found = re.findall(r"(?<![A-Za-z0-9_.\-])\d[\d,]*(?![A-Za-z0-9_]|\.\d)", text)
    return {int(n.replace(",", "")) for n in found if n.strip(",")}


def item_texts(item):
    if not isinstance(item, dict):
        return [str(item)]
    return [str(item[k]) for k in ("value", "text") if item.get(k) not in (None, "")]


def judge_items(q, got):
    items = [item_texts(i) for i in got.get("items") or []]
    if q["match"] == "contains":
        places = [t for i in items for t in i] + [str(got.get("answer") or "")]
        missing = [
            e for e in q["items"] if not any(stands_in(s, p) for s in e for p in places)
        ]
        return "lacks %s" % missing if missing else None

    def is_one(texts, spellings):
        return any(fold(t) == fold(s) for t in texts for s in spellings)

    allowed = q["items"] + q.get("optional", [])
    missing = [e[0] for e in q["items"] if not any(is_one(i, e) for i in items)]
    extra = [i[0] if i else "" for i in items if not any(is_one(i, e) for e in allowed)]
    if missing or extra:
        return "lacks %s, has besides %s" % (missing, extra)
    return None


def is_catchword(text):
    """One or two words ("yara?"), which ask for a yes or for a list alike."""
    return len(text.split()) <= 2 and len(re.findall(r"[\u4e00-\u9fff]", text)) <= 2


def judge(q, text, got):
    """None: right. Otherwise (kind of fault, words)."""
    if not isinstance(got, dict):
        return "no JSON", str(got)
    if bool(got.get("answerable")) != q["answerable"]:
        return "answerable", "answerable %s, expected %s: %s" % (
            got.get("answerable"), q["answerable"], got.get("answer"))
    if not q["answerable"]:
        return None
    truth = got.get("truth")
    if truth is None and is_catchword(text):
        truth = bool(got.get("items"))
    if q["truth"] is not None and truth is not q["truth"]:
        return "truth", "truth %s, expected %s: %s" % (
            got.get("truth"), q["truth"], got.get("answer"))
    if q["count"] is not None:
        items = got.get("items") or []
        told = {got.get("count"), len(items)} | numbers(str(got.get("answer") or ""))
        if len(items) == 1:
            told |= {n for t in item_texts(items[0]) for n in numbers(t)}
        if q["count"] not in told:
            return "count", "expected %d: %s" % (q["count"], got.get("answer"))
    if q["items"] is not None:
        wrong = judge_items(q, got)
        if wrong:
            return "items", wrong
    return None


def make_store(args, paths, data, name):
    """A store of exactly these reports; one that is there from before is used again."""
    if args.stores:
        key = hashlib.sha256("\n".join(sorted(paths)).encode()).hexdigest()[:12]
        home = pathlib.Path(args.stores) / ("%s-%s" % (name, key))
    else:
        home = pathlib.Path(tempfile.mkdtemp(prefix="assay-questions-"))
    done = home / "complete"
    if not done.exists():
        home.mkdir(parents=True, exist_ok=True)
        begin = time.monotonic()
        full = [str(data / "reports" / p) for p in paths]
        run = subprocess.run(
            [args.assay, "add"] + full, env=dict(os.environ, ASSAY_HOME=str(home)),
            capture_output=True, text=True, check=False)
        if run.returncode != 0:
            sys.exit("score.py: assay add: %s" % run.stderr.strip()[-2000:])
        done.write_text("\n".join(paths))
        print("%d reports added in %.1f s" % (len(paths), time.monotonic() - begin))
    return home


def ask(args, home, q, text):
    """What it answers, as JSON; else a line that says what came instead."""
    sample = "--sample " + shlex.quote(q["sample"]) if q["sample"] else ""
    command = args.ask.format(
        assay=shlex.quote(args.assay), sample=sample, question=shlex.quote(text))
    begin = time.monotonic()
    try:
        run = subprocess.run(
            shlex.split(command), env=dict(os.environ, ASSAY_HOME=str(home)),
            capture_output=True, text=True, timeout=args.timeout, check=False)
    except subprocess.TimeoutExpired:
        return "no answer in %d s" % args.timeout, args.timeout
    took = time.monotonic() - begin
    try:
        return json.loads(run.stdout), took
    except json.JSONDecodeError:
        return "status %d: %s" % (run.returncode, (run.stderr or run.stdout).strip()[:300]), took


def table(title, results):
    print("\n%s" % title)
    for key in sorted(results):
        right, total = results[key]
        print("  %-24s %4d of %4d  %5.1f %%" % (key, right, total, 100.0 * right / total))


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("files", nargs="*", type=pathlib.Path)
    p.add_argument("--assay", default=str(ROOT / "build" / "assay"))
    p.add_argument("--ask", default=ASK, help="command line; {assay} {sample} {question}")
    p.add_argument("--split", choices=["dev", "test"], help="only this half")
    p.add_argument("--only", help="only questions whose id begins so")
    p.add_argument("--no-variants", action="store_true")
    p.add_argument("--stores", help="folder in which stores are kept for the next run")
    p.add_argument("--timeout", type=int, default=60)
    p.add_argument("--json", type=pathlib.Path, help="write every result there")
    args = p.parse_args()
    data = pathlib.Path(os.environ.get("ASSAY_DATA") or "-")
    if not (data / "reports").is_dir():
        print("no data: set ASSAY_DATA")
        return 77

    tables = {n: collections.defaultdict(lambda: [0, 0]) for n in
              ("questions by category", "questions by split", "questions by language",
               "variants by split")}
    results, times, faults = [], [], collections.Counter()
    for path in args.files or sorted(HERE.glob("*.jsonl")):
        every = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
        paths = list(dict.fromkeys(r for q in every for r in q["reports"]))
        home = make_store(args, paths, data, path.stem)
        for q in every:
            if args.split and q["split"] != args.split:
                continue
            if args.only and not q["id"].startswith(args.only):
                continue
            for n, text in enumerate([q["question"]] + q["variants"]):
                if n and args.no_variants:
                    break
                got, took = ask(args, home, q, text)
                times.append(took)
                wrong = judge(q, text, got)
                keys = [("variants by split", q["split"])] if n else [
                    ("questions by category", q.get("category", "-")),
                    ("questions by split", q["split"]),
                    ("questions by language", q["lang"])]
                for name, key in keys:
                    tables[name][key][0] += wrong is None
                    tables[name][key][1] += 1
                results.append(dict(
                    id=q["id"], n=n, question=text, right=wrong is None,
                    fault=wrong and wrong[0], words=wrong and wrong[1], got=got))
                if wrong:
                    faults[wrong[0]] += 1
                    intent = got.get("intent") if isinstance(got, dict) else None
                    print("%s%s [%s] %s\n    %s; intent %s" % (
                        q["id"], "v%d" % n if n else "", q.get("category", "-"), text,
                        " ".join(wrong[1].split())[:400], intent))
    for name, rows in tables.items():
        if rows:
            table(name, rows)
    if times:
        print("\n%d asked, %d right; faults: %s; a question took %.1f ms (median), %.1f ms at most"
              % (len(times), sum(r["right"] for r in results), dict(faults),
                 1000 * statistics.median(times), 1000 * max(times)))
    if args.json:
        args.json.write_text(json.dumps(results, ensure_ascii=False, indent=1), "utf-8")
    return 0 if times and all(r["right"] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
