#!/usr/bin/env python3
"""Checks the judgements of tests/retrieval/*.jsonl against the passages that assay makes.

    ASSAY_DATA=/path/to/data tests/retrieval/check_judgements.py [--assay PATH] [FILE.jsonl]...

Adds the reports that are asked about to a store of its own, and looks that

- every question has one to six relevant passages, and no other report of the set has one
  where the question is asked of the whole store;
- no paraphrase shares a content word with a passage that answers it: neither a word or
  identifier of letters and digits (endings cut off) nor a pair of CJK characters, in either
  language, the line of context included;
- ids and questions are there once, and the split follows from the report.

Exit 77: the reports are not here.
"""

import argparse
import collections
import glob
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RELEVANT_MAX = 6

SECTIONS = ("identity detections processes files registry network persistence system memory "
            "configuration static run").split()

# Words that say nothing of what is asked: the glue of a sentence.
GLUE_EN = set("""
a an the of in on at by for from with without into onto over under as to is are was were be been
being am do does did done doing has have had having will would can could should may might must
shall i you he she it we they me him her us them my your his its our their this that these those
there here what which who whom whose when where why how whether if then else than and or not no nor
but so such too very just only own same each any all some most more less few many much other
another both either neither about after before again also because between during out off up down
once ever still yet while until through against above below anything something nothing everything
anyone someone thing things s t re ve ll d
""".split())

GLUE_ZH = sorted("""
的 了 吗 呢 吧 啊 是否 有没有 是不是 能不能 会不会 什么 哪个 哪些 哪里 哪儿 哪 谁 怎么 怎样 如何 为什么
为何 多少 几个 多久 何时 这个 那个 这些 那些 这 那 它们 它 他 我们 我 你 在 是 被 把 和 与 没有 一个 之后
之前 以后 以前
""".split(), key=len, reverse=True)


def stem(word):
    for end in ("ing", "ed", "es", "s", "er", "ly"):
        if word.endswith(end) and len(word) - len(end) >= 4:
            return word[:-len(end)]
    return word


def words(text):
    found = re.findall(r"[a-z0-9]+", text.lower())
    return {stem(w) for w in found if len(w) > 1 and w not in GLUE_EN}


def pairs(text):
    found = set()
    for run in re.findall(r"[\u3400-\u9fff]+", text):
        parts = [run]
        for glue in GLUE_ZH:
            parts = [p for part in parts for p in part.split(glue)]
        found.update(p[i:i + 2] for p in parts for i in range(len(p) - 1))
    return found


def shared(question, passage):
    there = words(passage)
    return sorted(w for w in words(question) if w in there) + \
        sorted(p for p in pairs(question) if p in passage)


class Store:
    """The base chunks of a store: of each document, section by section."""

    def __init__(self, path, reports):
        db = sqlite3.connect(os.path.join(path, "assay.db"))
        self.chunks = collections.defaultdict(dict)
        self.docs = {}
        for doc, name in db.execute("SELECT id, name FROM document"):
            name = name.decode("utf-8", "replace").split("!")[0]
            self.docs[name[len(reports) + 1:]] = doc
        for row in db.execute("SELECT doc, section, id, lang, context, body FROM chunk"
                              " WHERE role = 0"):
            self.chunks[row[0], row[1]][row[2]] = row[3:]

    @staticmethod
    def says(chunk, contains):
        lang, _, body = chunk
        for line in body.split("\n"):
            # The sentences above rows stand there for each of them: not what a row says.
            if lang == 2 and not line.startswith("- "):
                continue
            if all(s in line for s in contains):
                return True
        return False

    def relevant(self, doc, wanted):
        """Passages by id, the two languages of one as one, each with all its text."""
        found = {}
        for want in wanted:
            section = SECTIONS.index(want["section"])
            there = self.chunks.get((doc, section), {})
            for at, chunk in there.items():
                if not self.says(chunk, want["contains"]):
                    continue
                first = at - 1 if chunk[0] == 1 and there.get(at - 1, (2,))[0] == 0 else at
                texts = [there[first]]
                if there[first][0] == 0 and there.get(first + 1, (2,))[0] == 1:
                    texts.append(there[first + 1])
                found[section, first] = "\n".join(t[1] + "\n" + t[2] for t in texts)
        return found


def split_of(report):
    """By sample: reports of one, told by the hash in their path, are on one side."""
    named = re.search(r"[0-9a-f]{32,64}", report)
    key = named.group(0) if named else report
    return "dev" if hashlib.sha256(key.encode()).digest()[0] % 2 == 0 else "test"


def check(store, q, seen):
    faults = []
    for key in ("id", "question"):
        if q[key] in seen:
            faults.append("its %s is there twice" % key)
        seen.add(q[key])
    if q["split"] != split_of(q["report"]):
        faults.append("is in the wrong split")
    doc = store.docs.get(q["report"])
    if doc is None:
        return faults + ["no document of its report"]
    found = store.relevant(doc, q["relevant"])
    if not 1 <= len(found) <= RELEVANT_MAX:
        faults.append("%d relevant passages" % len(found))
    if q["kind"] == "paraphrase":
        for passage in found.values():
            for word in shared(q["question"], passage):
                faults.append("shares '%s' with a passage" % word)
    if q["scope"] == "store":
        for name, other in store.docs.items():
            if other != doc and store.relevant(other, q["relevant"]):
                faults.append("%s has such a passage, too" % name)
    return faults


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--assay", default=os.environ.get("ASSAY_BIN") or
                      os.path.join(HERE, "../../build/assay"))
    args.add_argument("files", nargs="*")
    args = args.parse_args()
    reports = os.path.join(os.environ.get("ASSAY_DATA") or
                           os.path.join(HERE, "../../../shared/data"), "reports")
    if not os.path.isdir(reports):
        print("skipped: no reports (ASSAY_DATA)")
        return 77
    files = args.files or sorted(glob.glob(os.path.join(HERE, "*.jsonl")))
    asked = [json.loads(line) for f in files for line in open(f, encoding="utf-8")]
    names = sorted({q["report"] for q in asked})
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([args.assay, "add", "--quiet", "--store", home] +
                       [os.path.join(reports, n) for n in names],
                       check=True, stdout=subprocess.DEVNULL)
        store = Store(home, reports)
    seen, bad = set(), 0
    for q in asked:
        for fault in check(store, q, seen):
            print("%s %s: %s" % (q["id"], q["question"], fault))
            bad += 1
    kinds = collections.Counter((q["lang"], q["kind"]) for q in asked)
    print("%d questions on %d reports: %s; %d faults" %
          (len(asked), len(names),
           ", ".join("%d %s %s" % (n, *k) for k, n in sorted(kinds.items())), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
