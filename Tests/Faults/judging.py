"""What must hold of every run of pair-authkeys as sshd has it, whatever befell it."""

import json

import machine as m

SERVED, REFUSED, FAULTED, ENDED = "served", "refused", "faulted", "ended"
DECISIONS = {SERVED: {"accept"}, REFUSED: {"refuse"}, FAULTED: {"fault"}}


def outcome_of(host, run):
    """How it ended, and what is wrong with that by itself."""
    problems = []
    if run.output and not host.is_line(run.output):
        problems.append("printed something that is not the one line, whole")
    if run.status < 0:
        return ENDED, problems
    if run.status == 2:
        if run.output:
            problems.append("printed a line and ended with a fault")
        if not run.error:
            problems.append("a fault that nobody is told of")
        return FAULTED, problems
    if run.status != 0:
        problems.append(f"status {run.status}, which is neither 0 nor 2")
    return (SERVED if run.output else REFUSED), problems


def records_in_file():
    """The records of the log's file, and whether each is whole."""
    if not m.LOG.is_file():
        return [], True
    text = m.LOG.read_bytes()
    lines = text.split(b"\n")
    if lines.pop():
        return [], False
    try:
        return [json.loads(line) for line in lines], True
    except ValueError:
        return [], False


def judge(host, run, allowed, recorded=True, decisions=None):
    """The outcome, and all that is wrong.

    `allowed` are the outcomes that are right. `recorded`: whether a record must be somewhere; None where it may be.
    `decisions`: what the record may say, for each outcome, where that is not the outcome itself.
    """
    outcome, problems = outcome_of(host, run)
    if outcome not in allowed:
        problems.append(f"{outcome}, and not {' or '.join(sorted(allowed))}")
    filed, is_whole = records_in_file()
    if not is_whole:
        problems.append("the log has half a record")
    told = host.told_syslog()
    for where, records in (("the log", filed), ("syslog", told)):
        if len(records) > 1:
            problems.append(f"{len(records)} records of one question in {where}")
    wanted = (decisions or DECISIONS).get(outcome)
    for record in filed + told:
        if wanted and record["decision"] not in wanted:
            problems.append(f"recorded as {record['decision']}")
    if recorded and not filed and not told:
        problems.append("no record in the log nor with syslog")
    if recorded and not filed and "access log: " not in run.error and outcome != FAULTED:
        problems.append("not recorded in the log's file, and nobody is told why")
    seen = run.error + json.dumps(filed + told)
    if any(host.key[start:start + 24] in seen for start in range(0, len(host.key) - 24, 24)):
        problems.append("a part of the key is in the log or on the standard error")
    return outcome, problems
