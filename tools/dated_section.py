"""Sections of the docs that a run writes: put anew, each in place of its earlier self."""
import datetime
import os
import pathlib
import re


def machine():
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {int(memory) / 2**20:.0f} GiB, load {load:.1f} before it"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def put(page, name, about, command, where, body):
    """`where` is machine() as it was before the run."""
    text = page.read_text(encoding="utf-8")
    section = (f"<!-- {name} -->\n## {name}\n\n{about}\n\n`{command}`, "
               f"{datetime.date.today().isoformat()}, {where}\n\n{body}<!-- end -->\n")
    old = re.compile(rf"<!-- {re.escape(name)} -->\n.*?<!-- end -->\n", re.S)
    text = old.sub(lambda _: section, text) if old.search(text) else text + "\n" + section
    page.write_text(text, encoding="utf-8")
