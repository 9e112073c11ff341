"""The section of docs/benchmarks.md about small encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.published_figures import table

Report = Mapping[str, Any]

CONCLUSION: Final = (
    "Fewer bits first: int8 takes 28 % of the room and half the time and memory, and on banking77 and"
    " in hybrid search nothing is lost that can be told from chance. int4 saves little more (the"
    " embeddings weigh most; a smaller vocabulary takes those), is no faster than float32, and costs"
    " hybrid search a point of e and of c, certainly. A quarter of the heads or two thirds of every"
    " vector cost about half a point on banking77, within the interval, and the heads save almost"
    " nothing. Three of six layers with the shop's own pieces, taught on 800 texts, take a twelfth of"
    " the room and lose 4 points on banking77 and 2.6 in hybrid search, certainly: for that, teach"
    " longer. The static table loses 24 points on intents and in hybrid search nothing certain in e and"
    " two points in c: it is for search, not for short questions where word order decides. It reads"
    " words that it was not made of by their spelling, which is why it is only eleven times as fast"
    " here. In the index eight bits find 99.3 % of the exact ten nearest in a quarter of the room; signs"
    " with 400 scored again 98.2 %, with 1,000 99.0 %, and are faster; the beginnings of rotated"
    " vectors, which the model was not trained for, lose much more (first 128: 77 %)."
)


def compress_section(report: Report) -> str:
    """Size, speed and quality of every form that was measured."""
    parts = ["## Small encoders", *commands(report), CONCLUSION]
    if "cost" in report:
        parts += ["MiniLM, titles of icecat, one thread, encoders taking turns:", cost(report["cost"])]
    if "text" in report:
        questions = report["text"][0]["questions"]
        settings = report["settings"]["text"]
        parts += [
            f"banking77, 8 examples of each label, 3 draws, {questions:,} questions; compressed on the"
            f" training texts, taught on {settings['texts']} of them:",
            text(report["text"]),
        ]
    if "search" in report:
        first = report["search"][0]
        parts += [
            f"icecat, {first['queries']} judged queries over {first['items']:,} products, all judged ones"
            " among them; every change is against the whole model:",
            search(report["search"]),
        ]
    if "vectors" in report:
        parts += [
            f"Forms of the index over the titles of icecat ({report['vectors'][0]['vectors']:,} vectors of"
            " the int8 encoder), asked every judged query; recall: the share of the exact ten nearest that"
            " are found. *First n*: the beginnings of the vectors after a rotation onto their principal"
            " axes; *binary*: signs, and so many candidates scored again in eight bits:",
            vectors(report["vectors"]),
        ]
    return "\n\n".join(parts)


def vectors(rows: Sequence[Report]) -> str:
    """Recall, size and time of every form of the index."""
    body = [
        [row["form"], f"{row['megabytes']}", f"{row['recall']:.4f}", f"{row['query_ms']}"] for row in rows
    ]
    return table(["form", "MB", "recall of the ten nearest", "one query, CPU ms"], body)


def commands(report: Report) -> list[str]:
    """What was run for each part."""
    told = []
    for part, settings in report["settings"].items():
        numbers = [f"--{n} {v:g}" for n, v in settings.items() if n != "form"]
        forms = [f'--form "{form}"' for form in settings["form"] or ()]
        told.append(f"`{' '.join([report['command'], '--part', part, *numbers, *forms])}`")
    return told


def search(rows: Sequence[Report]) -> str:
    """e, c and the judged share of dense and hybrid search."""
    names = ("e", "c", "judged")
    body = [
        [
            row["form"],
            row["search"],
            *(f"{row[name]:.4f} ({change(row[f'{name}_change'])})" for name in names),
        ]
        for row in rows
    ]
    return table(["form", "search", "nDCG@10 e", "nDCG@10 c", "Judged@10"], body)


def cost(rows: Sequence[Report]) -> str:
    """Size, speed and memory."""
    names = ("form", "megabytes", "dim", "texts_per_cpu_second", "ratio", "query_ms", "memory_mb")
    body = [["" if row[name] is None else f"{row[name]}" for name in names] for row in rows]
    heads = [
        "form",
        "MB on disk",
        "dim",
        "texts per CPU second",
        "ratio",
        "one query, CPU ms",
        "memory, MB",
    ]
    return table(heads, body)


def text(rows: Sequence[Report]) -> str:
    """Accuracy, and its change against the whole model."""
    body = [
        [
            row["form"],
            f"{row['compression']['megabytes']}",
            f"{row['accuracy']:.4f}",
            change(row["accuracy_change"]),
        ]
        for row in rows
    ]
    return table(["form", "MB on disk", "accuracy", "change"], body)


def change(found: Sequence[float]) -> str:
    """A mean difference with its interval."""
    return f"{found[0]:+.4f} <sub>{found[1]:+.3f} to {found[2]:+.3f}</sub>"
