"""What a shopper does not want, said in Chinese."""

from __future__ import annotations

import re
from typing import Final

from warmstart.search.sentence_refusals import Found
from warmstart.search.sentence_shop import ShopWords, word_set

_FEATURES: Final = "线糖人绳痕袖框印边骨叶影油烟酒醇味氟磷硅盐麸色氧菌钢轨刷尘级限纺胶添香甲苯"
"""无 before these is a feature of a thing (无线 wireless, 无糖 sugar-free), or part of a word."""
_CUE: Final = re.compile(
    r"不想要|不喜欢|不需要|不要有|(?<!要)不要(?!紧)|不含有|不含|不带|不能有|不能含|不包括|不考虑|(?<!是)不是"
    r"|(?<!有)没有|拒绝|避免|讨厌|别(?:要|买|送|给|推荐|有|带|是|太)"
    r"|(?:(?<=^)|(?<=[\s,;。、要]))(?:无|非(?!常|凡|洲|遗|接触|标|处方|主流|同))"
)
_EXCEPT: Final = re.compile(
    r"除(?:了(?P<what>[^,;。!?]{1,12}?)(?P<beyond>以外|之外|外)?|(?P<also>[^,;。!?]{1,10}?)(?:以外|之外))"
    r"(?:的?\s*,?\s*(?P<then>还|也|另外|再|都(?:可以|行|要|好)?|均可)|(?(also)的?|(?(beyond)的?|(?:的(?=[^\s,;。!?])|(?=[,;。!?\s]|$)))))"
)
_VAGUE: Final = re.compile(r"(?:不要|不能|不是|别|不)(?:太|很|过于|特别|那么)[^,;。!?\s的]*的?")
_SIZES: Final = word_set("大 小 贵 重 多 差 便宜 复杂 普通 长 短 厚 薄 高 低")
_END: Final = re.compile(
    r"[,;。!?.:()]|但|不过|而且|并且|还要|最好|要(?!求)|请|希望|预算|价格|价位|谢谢|(?<=[^\x00-\x7f])\s|的"
)
_LONGEST_NON: Final = 4
_AND: Final = re.compile(r"(?<=.)(?:、|/|和|或者|或|跟|与|及|以及)(?=.)")
_LEADING: Final = re.compile(r"^(?:任何|带有|含有|带|有|含|用|是|买|送|什么|那种|这种|给我|推荐|\s)+(?=.)")
_TRAILING: Final = re.compile(
    r"(?<=.)(?:之类|什么|制品|制成|材质|材料|做|产品|东西|品牌|牌子|款式|款|类|等|了|吧|啊|呢|哦|呀|\s)+$"
)


def read_chinese_refusals(text: str, shop: ShopWords) -> Found:
    """Split a normalised sentence into what is wanted and what is not.

    A refusal begins with 不要, 不含, 除了 and the like and ends at a comma, 但, 要 or 的, behind which
    stands what is wanted; 和, 或 and 、 go on with the next thing.

    >>> read_chinese_refusals("钓鱼礼物,不要塑料、玻璃的,无线", ShopWords())
    ('钓鱼礼物,,,无线', ['塑料', '玻璃'], [])
    """
    kept, end = [], 0
    without: list[str] = []
    unread: list[str] = []
    names = shop.names_in(text)
    position = 0
    while (found := _next(text, position, shop)) is not None:
        start, stop, refused, vague = found
        position = max(stop, position + 1)
        if any(left <= start < right for left, right in names):
            position = start + 1
            continue
        if not (refused or vague):
            continue
        kept.append(text[end:start])
        without += refused
        unread += vague
        end = stop
    return ",".join([*kept, text[end:]]), without, unread


def _next(text: str, position: int, shop: ShopWords) -> tuple[int, int, list[str], list[str]] | None:
    """The next refusal from a position on: from, to, what is refused, what was not read."""
    matches = [pattern.search(text, position) for pattern in (_EXCEPT, _VAGUE, _CUE)]
    first = min((match for match in matches if match), key=lambda match: match.start(), default=None)
    if first is None:
        return None
    if first.re is _EXCEPT:
        besides = (first["then"] or "").startswith(("还", "也", "另外", "再"))
        what = [] if besides else _things(first["what"] or first["also"])
        return first.start(), first.end(), what, []
    if first.re is _VAGUE:
        return first.start(), first.end(), [], [first.group()]
    return _refusal(text, first, shop)


def _refusal(text: str, cue: re.Match[str], shop: ShopWords) -> tuple[int, int, list[str], list[str]]:
    begin = cue.end() + len(text[cue.end() :]) - len(text[cue.end() :].lstrip())
    last = _END.search(text, begin)
    stop = last.start() if last else len(text)
    if cue.group() == "非" and stop - begin > _LONGEST_NON:
        return cue.start(), stop, [], []
    if cue.group() == "无" and _is_feature(text[begin : begin + 1], shop):
        return cue.start(), stop, [], []
    if cue.group() == "无" and not (last and last.group() == "的"):
        stop = min(stop, begin + 2)  # "无塑料玩具": most things have two signs, and what follows is wanted
    things = _things(text[begin:stop])
    swallowed = last.end() if last and last.group() == "的" else stop
    if len(things) == 1 and things[0] in _SIZES:
        return cue.start(), swallowed, [], [text[cue.start() : stop]]
    return cue.start(), swallowed, things, []


def _is_feature(sign: str, shop: ShopWords) -> bool:
    return sign in _FEATURES or (shop.free_of is not None and sign in shop.free_of)


def _things(what: str) -> list[str]:
    parts = [_TRAILING.sub("", _LEADING.sub("", part.strip())) for part in _AND.split(what.strip())]
    return [part for part in parts if part]
