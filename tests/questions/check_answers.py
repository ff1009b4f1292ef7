#!/usr/bin/env python3
"""Finds the expected answers of tests/questions/*.jsonl again, from the raw reports.

    ASSAY_DATA=/path/to/data tests/questions/check_answers.py [FILE.jsonl]...

Each question carries "derive", an expression over the raw report (R: the first of its
reports; RS: all of its reports; ALL: every report of the file), which knows nothing of
assay. Exit status: 0 all agree, 1 some do not, 77 no data.
"""

import collections
import datetime
import gzip
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def load(path):
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    try:
        return json.loads(raw)
    except json.JSONDecodeError:
        return [json.loads(line) for line in raw.splitlines() if line.strip()]


def most_common(values):
    """The one that is most frequent; a tie is an error in the question."""
    top = collections.Counter(values).most_common(2)
    if len(top) == 2 and top[0][1] == top[1][1]:
        raise ValueError("a tie: %s" % (top,))
    return top[0][0]


def all_yara(r):
    """Names of the rules that hit any file of a report."""
    names = set()

    def walk(value):
        if isinstance(value, dict):
            for key, child in value.items():
                if key in ("yara", "cape_yara") and isinstance(child, list):
                    names.update(y["name"] for y in child if isinstance(y, dict) and "name" in y)
                elif key != "behavior":
                    walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    if isinstance(r, dict):
        walk(r)
    return names


def al_sandbox(r):
    """The sandbox section of an Assemblyline result of CAPE."""
    for section in r["result"]["sections"]:
        if section["title_text"] == "Processes":
            body = section["body"]
            return json.loads(body) if isinstance(body, str) else body
    raise KeyError("Processes")


def is_al(r):
    return isinstance(r, dict) and isinstance(r.get("result"), dict) and "sections" in r["result"]


def longest_ended(r):
    best = (0, None)
    for p in al_sandbox(r)["processes"]:
        if p["end_time"][:2] != "20":
            continue
        form = "%Y-%m-%d %H:%M:%S.%f"
        took = datetime.datetime.strptime(p["end_time"], form) - datetime.datetime.strptime(
            p["start_time"], form
        )
        best = max(best, (took.total_seconds(), str(p["pid"])))
    return best[1]


def behavior(r):
    return r.get("behavior", {}) if isinstance(r, dict) else {}


def summary(r):
    return behavior(r).get("summary", {})


def mutexes(r):
    return summary(r).get("mutexes") or summary(r).get("mutex") or []


def writes(r):
    return summary(r).get("write_keys") or summary(r).get("regkey_written") or []


def services(r):
    return (summary(r).get("started_services") or []) + (summary(r).get("created_services") or [])


def procs(r):
    """Names of the processes, folded; None where the report says nothing of them."""
    if isinstance(r, list):
        seen = {x.get("ProcessName") or x.get("RunningProcess") or "" for x in r}
        return [s.rsplit("\\", 1)[-1].lower() for s in seen if s]
    if is_al(r):
        return [p["image"].rsplit("\\", 1)[-1].lower() for p in al_sandbox(r)["processes"]]
    if r.get("_type") == "summary":
        return [p["image_name"].lower() for p in r["processes"].values()]
    if "processes" not in behavior(r):
        return None
    return [p["process_name"].lower() for p in behavior(r)["processes"]]


def sigs(r):
    if is_al(r):
        return [s["name"] for s in al_sandbox(r)["signatures"]]
    found = r.get("signatures") if isinstance(r, dict) else None
    return [s["name"] for s in found or []]


def has_sig(r, name):
    return name in sigs(r)


def network(r):
    return (r.get("network") or {}) if isinstance(r, dict) else {}


def domains(r):
    if not isinstance(r, dict):
        return set()
    if r.get("_type") == "summary":
        return {d["domain"] for d in r["domains"].values()}
    found = {d["request"] for d in network(r).get("dns", [])}
    found |= {d["dns"]["rrname"] for d in (r.get("suricata") or {}).get("dns", [])}
    if is_al(r):
        found |= {
            (c.get("dns_details") or {}).get("domain")
            for c in al_sandbox(r)["network_connections"]
        }
    return found


def dests(r):
    if is_al(r):
        return {c["destination_ip"] for c in al_sandbox(r)["network_connections"]}
    if not isinstance(r, dict) or r.get("_type") == "summary":
        return set()
    found = {t["dst"] for kind in ("tcp", "udp") for t in network(r).get(kind, [])}
    return found | {h["ip"] if isinstance(h, dict) else h for h in network(r).get("hosts", [])}


def techniques(r):
    found = {s.get("attck_id") for s in (r.get("signatures") or [])} if isinstance(r, dict) else set()
    ttps = (r.get("ttps") or []) if isinstance(r, dict) else []
    for t in ttps:
        if isinstance(t, str):
            found.add(t)
        else:
            found.update(t.get("ttps") or [t.get("ttp")])
    return found - {None, ""}


def families(r):
    found = r.get("detections") if isinstance(r, dict) else None
    if isinstance(found, str):
        return {found}
    return {d["family"] for d in found or []}


def dropnames(r):
    names = set()
    for d in (r.get("dropped") or []) if isinstance(r, dict) else []:
        names.update([d["name"]] if isinstance(d["name"], str) else d["name"])
    return names


class Reports:
    """The helpers of the expressions that look at every report of the file."""

    def __init__(self, by_path):
        self.by_path = by_path

    def ids_of(self, r):
        if isinstance(r, list):
            return {"malware.exe"}
        if is_al(r):
            return {"result.json"}
        if r.get("_type") == "summary":
            f = r["files"]["file_0"]["hash_values"]
            return {r["analysis_metadata"]["submission_filename"], f["md5"], f["sha256"]}
        t = r["target"]["file"]
        return {t["name"], t["md5"], t["sha1"], t["sha256"]}

    def having(self, test):
        return [sorted(self.ids_of(r)) for r in self.by_path.values() if test(r)]

    def started(self, r):
        if isinstance(r, list):
            return min(float(x["TimeStamp"]) for x in r if "TimeStamp" in x)
        if is_al(r):
            text = al_sandbox(r)["analysis_information"]["analysis_metadata"]["start_time"]
        elif r.get("_type") == "summary":
            text = r["analysis_metadata"]["creation_time"]
        else:
            text = r["info"]["started"]
        if isinstance(text, float):
            return text
        when = datetime.datetime.fromisoformat(text)
        return when.replace(tzinfo=datetime.timezone.utc).timestamp()

    def first_run(self):
        return [sorted(self.ids_of(min(self.by_path.values(), key=self.started)))]

    def last_run(self):
        return [sorted(self.ids_of(max(self.by_path.values(), key=self.started)))]


def as_list(value):
    if isinstance(value, (list, set, tuple)):
        return list(value)
    return [value]


def fits(derived, spellings):
    """A derived value (or one of the spellings it has) is the item, or holds it."""
    for one in as_list(derived):
        one = str(one).casefold().strip()
        for s in spellings:
            s = s.casefold().strip()
            if one == s or s in one or (len(one) > 3 and one in s):
                return True
    return False


def judge(q, value):
    """None: the expectation follows from the value; else what is wrong."""
    if not q["answerable"]:
        return None if not value else "derived %r, expected unanswerable" % (value,)
    if q["truth"] is not None and bool(value) != q["truth"]:
        return "derived %r, expected %r" % (value, q["truth"])
    if q["count"] is not None and value != q["count"]:
        return "derived %r, expected %r" % (value, q["count"])
    if q["items"] is None or value is True:
        return None
    values = as_list(value)
    missing = [i for i in q["items"] if not any(fits(v, i) for v in values)]
    extra = [v for v in values if not any(fits(v, i) for i in q["items"])]
    if missing or extra:
        return "missing %r, extra %r" % (missing, extra)
    return None


def check(path, data):
    questions = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    derived = [q for q in questions if q.get("derive")]
    if not derived:
        return 0  # has a check of its own
    paths = list(dict.fromkeys(p for q in questions for p in q["reports"]))
    by_path = {p: load(data / "reports" / p) for p in paths}
    reports = Reports(by_path)
    names = dict(globals())
    names.update(
        ALL=by_path, having=reports.having, ids_of=reports.ids_of,
        first_run=reports.first_run, last_run=reports.last_run,
    )
    bad = tried = 0
    for q in derived:
        tried += 1
        own = [by_path[p] for p in q["reports"]]
        try:
            # In globals, since a generator inside eval() does not see the locals.
            names.update(R=own[0], RS=own)
            wrong = judge(q, eval(q["derive"], names))  # pylint: disable=eval-used
        except (KeyError, IndexError, TypeError, ValueError) as error:
            wrong = "%s: %s" % (type(error).__name__, error)
        if wrong:
            bad += 1
            print("%s: %s\n    %s" % (q["id"], q["question"], wrong))
    print("%s: %d questions, %d derived, %d disagree" % (path.name, len(questions), tried, bad))
    return bad


def main():
    data = os.environ.get("ASSAY_DATA")
    if not data or not pathlib.Path(data, "reports").is_dir():
        print("no data: set ASSAY_DATA")
        return 77
    files = [pathlib.Path(a) for a in sys.argv[1:]] or sorted(HERE.glob("*.jsonl"))
    return 1 if sum(check(f, pathlib.Path(data)) for f in files) else 0


if __name__ == "__main__":
    sys.exit(main())
