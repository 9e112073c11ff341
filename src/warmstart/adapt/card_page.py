"""A card as one self-contained page: no scripts, no requests, light and dark, screen and phone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Final

from warmstart.adapt.card import Card, CardMetric
from warmstart.core.errors import ConfigError
from warmstart.core.page.curves import line_chart
from warmstart.core.page.html import cell, details, figure, grid, paragraph, section, whole
from warmstart.core.page.slots import FOCUS
from warmstart.core.page.style import STYLE
from warmstart.core.page.svg import Point, Series, both, nice_ticks
from warmstart.training.trackers import flat

POINTS: Final = 80
"""A longer curve of losses is drawn as the means of so many stretches."""

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "kicker": ("warmstart training", "warmstart 训练"),
    "helped": (
        "The weights of step {best} of {steps} are kept: quality {after:.4f}, before the first step "
        "{before:.4f}.",
        "保留第 {best} 步的权重（共 {steps} 步）：质量 {after:.4f}，训练前为 {before:.4f}。",
    ),
    "useless": (
        "Training did not help: the best quality, {before:.4f}, is that of the network as it came, so its "
        "weights stay.",
        "训练没有帮助：最好的质量 {before:.4f} 就是原网络的质量，因此权重保持不变。",
    ),
    "unjudged": (
        "Nothing was held back to judge by: the weights of the last step, {steps}, are kept.",
        "没有留出数据用于评判：保留最后一步（第 {steps} 步）的权重。",
    ),
    "finished": ("It ran to its end.", "训练完整结束。"),
    "patience": (
        "It was stopped early, since it got no better.",
        "质量不再提高，训练提前停止。",
    ),
    "budget": ("It was stopped when its time was up.", "时间用尽，训练停止。"),
    "loss curve": ("Loss of each step (less is better)", "每一步的损失（越小越好）"),
    "loss note": (
        "The line is the mean of {size} steps, the band goes from the smallest to the largest.",
        "曲线为每 {size} 步的平均值，色带为最小值到最大值。",
    ),
    "quality curve": (
        "Quality on what was held back (more is better)",
        "留出数据上的质量（越大越好）",
    ),
    "quality note": (
        "Step 0 is the network as it came; the weights of step {best} are kept.",
        "第 0 步为训练前的网络；保留第 {best} 步的权重。",
    ),
    "loss": ("loss", "损失"),
    "quality": ("quality", "质量"),
    "step": ("step", "步"),
    "metrics": ("Results", "结果"),
    "metric": ("metric", "指标"),
    "value": ("value", "数值"),
    "before": ("before", "训练前"),
    "gain": ("gain", "提升"),
    "cost": ("Cost", "成本"),
    "seconds": ("Time", "时间"),
    "memory": ("Peak memory", "内存峰值"),
    "gpu": ("Peak memory of the GPU", "显存峰值"),
    "trained": ("Trained parameters", "训练的参数"),
    "device": ("Device", "设备"),
    "steps": ("Steps", "步数"),
    "processes": ("{count} processes", "{count} 个进程"),
    "of": ("{part:,} of {all:,} ({share:.2%})", "{part:,} / {all:,}（{share:.2%}）"),
    "data": ("Data", "数据"),
    "seeds": ("Seeds", "随机种子"),
    "settings": ("Settings", "设置"),
    "setting": ("setting", "设置"),
    "versions": ("Versions", "版本"),
    "notes": ("Notes", "说明"),
    "epochs": ("{epochs:.1f} epochs", "{epochs:.1f} 轮"),
}

Say = Callable[..., str]


def render_card(card: Card, *, language: str = "en") -> str:
    """The whole page, in English ("en") or Chinese ("zh")."""
    say = speaker(language)
    body = [
        f"<header><p class='kicker'>{escape(say('kicker'))}</p><h1>{escape(card.title)}</h1>"
        f"<p class='scope'>{escape(card.made)}</p></header>",
        f"<section><div class='verdict'>{paragraph(_verdict(card, say))}</div></section>",
        section(say("notes"), *(paragraph(note) for note in card.notes)),
        _results(card.metrics, say),
        _losses(card.run.losses, say),
        _qualities(card, say),
        section(say("cost"), _facts(_cost(card, say))),
        section(say("data"), _facts(flat(card.data))),
        section(say("settings"), *(_part(name, part, say) for name, part in card.settings.items())),
        section(say("seeds"), _facts(card.seeds.items())) if card.seeds else "",
        section(say("versions"), _facts(card.versions.items())),
    ]
    return whole(card.title, body, STYLE, language="zh-CN" if language == "zh" else "en")


def speaker(language: str) -> Say:
    """Finds the words of a language. Errors: `ConfigError` for one that is not there."""
    if language not in {"en", "zh"}:
        raise ConfigError(expected="a card in 'en' or 'zh'", found=language, todo="Choose one of them.")
    place = 0 if language == "en" else 1
    return lambda key, **facts: WORDS[key][place].format(**facts)


def _verdict(card: Card, say: Say) -> str:
    run = card.run
    if run.best_quality is None or not run.qualities:
        told = say("unjudged", steps=run.steps)
    elif run.best_step == 0:
        told = say("useless", before=run.qualities[0][1])
    else:
        before = run.qualities[0][1]
        told = say("helped", best=run.best_step, steps=run.steps, after=run.best_quality, before=before)
    return f"{told} {say(run.stopped)}"


def _results(metrics: Sequence[CardMetric], say: Say) -> str:
    if not metrics:
        return ""
    head = [say("metric"), say("value"), say("before"), say("gain")]
    rows = [(metric.name, _cells(metric)) for metric in metrics]
    return section(say("metrics"), grid("", head, rows))


def _cells(metric: CardMetric) -> list[str]:
    gain = None if metric.before is None else metric.value - metric.before
    css = ""
    if metric.gain_low is not None and metric.gain_high is not None:
        css = "better" if metric.gain_low > 0 else "worse" if metric.gain_high < 0 else ""
    return [
        _number(metric.value, metric.low, metric.high),
        _number(metric.before),
        _number(
            gain, metric.gain_low, metric.gain_high, css=f"verdict-word {css}" if css else "", sign="+"
        ),
    ]


def _number(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    *,
    css: str = "",
    sign: str = "",
) -> str:
    if value is None:
        return cell("–")
    if low is None or high is None:
        return cell(f"{value:{sign}.4f}", css)
    inside = f"{value:{sign}.4f}<small>[{low:{sign}.4f}, {high:{sign}.4f}]</small>"
    return f"<td class='{css}'>{inside}</td>" if css else f"<td>{inside}</td>"


def _losses(losses: Sequence[float], say: Say) -> str:
    if len(losses) < 2:
        return ""
    size = -(-len(losses) // POINTS)
    series = [Series(name=say("loss"), slot=FOCUS, points=tuple(stretches(losses, size)), marked=False)]
    note = say("loss note", size=size) if size > 1 else ""
    return figure(say("loss curve"), _chart(series, len(losses), say("loss curve"), say), note)


def stretches(losses: Sequence[float], size: int) -> list[Point]:
    """The mean of each `size` losses at its last step, with the smallest and the largest.

    >>> [(point.x, point.y, point.low) for point in stretches([4.0, 2.0, 1.0], 2)]
    [(2, 3.0, 2.0), (3, 1.0, 1.0)]
    """
    parts = [(start, losses[start : start + size]) for start in range(0, len(losses), size)]
    return [
        Point(x=start + len(part), y=sum(part) / len(part), low=min(part), high=max(part))
        for start, part in parts
    ]


def _qualities(card: Card, say: Say) -> str:
    run = card.run
    if len(run.qualities) < 2:
        return ""
    points = tuple(Point(x=step, y=quality, low=None, high=None) for step, quality in run.qualities)
    series = [Series(name=say("quality"), slot=FOCUS, points=points)]
    chart = _chart(series, run.qualities[-1][0], say("quality curve"), say)
    return figure(say("quality curve"), chart, say("quality note", best=run.best_step))


def _chart(series: Sequence[Series], last: int, title: str, say: Say) -> str:
    ticks = [(place, f"{place:,.0f}") for place in nice_ticks(0, last) if place == round(place)]
    return both(lambda width: line_chart(series, ticks=ticks, axis=say("step"), title=title, width=width))


def _cost(card: Card, say: Say) -> list[tuple[str, str]]:
    run = card.run
    device = run.device.upper()
    if run.processes > 1:
        device += f", {say('processes', count=run.processes)}"
    part, total = run.trained_parameters, run.all_parameters
    facts = [
        (say("seconds"), f"{run.seconds:,.1f} s"),
        (say("memory"), "–" if run.peak_rss_mb is None else f"{run.peak_rss_mb:,.0f} MB"),
        (say("gpu"), "" if run.cuda_mb is None else f"{run.cuda_mb:,.0f} MB"),
        (say("trained"), say("of", part=part, all=total, share=part / max(total, 1))),
        (say("steps"), f"{run.steps:,} ({say('epochs', epochs=run.epochs)})"),
        (say("device"), device),
    ]
    return [(name, value) for name, value in facts if value]


def _facts(facts: Any) -> str:
    rows = "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(_shown(value))}</dd>" for name, value in facts)
    return f"<dl>{rows}</dl>"


def _part(name: str, settings: Mapping[str, Any], say: Say) -> str:
    rows = [(key, [cell(_shown(value), "words")]) for key, value in flat(settings)]
    return details(name, grid("", [say("setting"), say("value")], rows, "settings"))


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return "–" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
