"""Every sentence of the demo, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, tuple[str, str]] = {
    "title": ("A shop's first minute", "一家店的第一分钟"),
    "built.heading": ("A shop, from nothing", "从零开一家店"),
    "built.made": (
        "Made up {items:,} products, {users:,} shoppers and {events:,} events of theirs in {made:.1f} s.",
        "虚构了 {items:,} 件商品、{users:,} 位顾客和他们的 {events:,} 条行为记录，用时 {made:.1f} 秒。",
    ),
    "built.fitted": (
        "Learned all of it in {fitted:.1f} s on this machine: no GPU, no download, encoder “{encoder}”.",
        "在本机用 {fitted:.1f} 秒全部学完：不用 GPU，不用下载，编码器为“{encoder}”。",
    ),
    "search.heading": ("Anyone searches for “{query}”", "任何人搜索“{query}”"),
    "search.text": (
        "By words and by meaning, the same for everybody so far.",
        "既看字词也看含义，目前对所有人都一样。",
    ),
    "stranger.heading": ("Somebody new walks in", "来了一位陌生顾客"),
    "stranger.text": (
        "Nothing is known, so the shop shows what many like.",
        "店里对此人一无所知，只能先推荐大家都喜欢的。",
    ),
    "stranger.secret": ("What the shop cannot know: “{says}.”", "店里不知道的是：“{says}。”"),
    "click.heading": ("Click {mark} {title}", "点击 {mark} {title}"),
    "click.text": ("The whole list again, {ms:.0f} ms later:", "{ms:.0f} 毫秒后，整个列表已经更新："),
    "click.found": ("Found by searching for “{query}”.", "是搜索“{query}”时找到的。"),
    "personal.heading": ("The same visitor searches for “{query}”", "同一位顾客搜索“{query}”"),
    "personal.text": (
        "Arrows compare with what everybody else gets for the same word.",
        "箭头表示与其他人搜索同一个词的结果相比的变化。",
    ),
    "newcomer.heading": ("A new product arrives: {title}", "新品上架：{title}"),
    "newcomer.added": (
        "Nobody has clicked it yet. Added in {ms:.0f} ms, nothing was trained again.",
        "还没有任何人点击过。{ms:.0f} 毫秒加入，无需重新训练。",
    ),
    "newcomer.found": (
        "Searching for “{query}” our visitor finds it in place {found}.",
        "这位顾客搜索“{query}”，它排在第 {found} 位。",
    ),
    "newcomer.not_found": (
        "Searching for “{query}” does not show it yet.",
        "搜索“{query}”暂时还看不到它。",
    ),
    "newcomer.recommended": (
        "Among this visitor's recommendations it starts in place {recommended} of {total:,}.",
        "在给这位顾客的推荐中，它一来就排在 {total:,} 件里的第 {recommended} 位。",
    ),
    "forget.heading": ("“Forget me”", "“请忘记我”"),
    "forget.text": (
        "{removed} events removed in {ms:.0f} ms.",
        "{ms:.0f} 毫秒删除了 {removed} 条行为记录。",
    ),
    "forget.same": (
        "The visitor's list is the stranger's list again, equal to the last digit.",
        "这位顾客的列表又变回陌生人的列表，分数一位不差。",
    ),
    "forget.nobody": (
        "The visitor gets what somebody never seen gets, equal to the last digit.",
        "这位顾客现在看到的，与从未来过的人完全一样，分数一位不差。",
    ),
    "forget.differs": ("The visitor's list differs from the stranger's.", "这位顾客的列表与陌生人的不同。"),
    "next.heading": ("Now with your own shop", "换成你自己的店"),
    "next.text": (
        "A folder with items.csv (item_id,title) is enough; events.csv (user_id,item_id) makes it better.",
        "一个文件夹，里面有 items.csv（item_id,title）就够了；再有 events.csv（user_id,item_id）会更好。",
    ),
    "column.title": ("item", "商品"),
    "column.price": ("price", "价格"),
    "column.why": ("why", "原因"),
    "mark.new": ("new", "新"),
    "why.self": ("seen: {title}", "看过：{title}"),
    "why.popularity": ("popular", "热门"),
    "why.co-purchase": ("goes with {title}", "常与 {title} 搭配"),
    "why.content": ("like {title}", "与 {title} 相似"),
    "why.lexical": ("words", "字词"),
    "why.dense": ("meaning", "含义"),
    "play.help": (
        "Type a number to click that item, words to search, ENTER for recommendations, "
        "why NUMBER, forget, or q to leave.",
        "输入编号点击商品，输入文字搜索，回车看推荐，why 编号 看原因，forget 忘记我，q 退出。",
    ),
    "play.clicked": ("Click {mark} {title}", "点击 {mark} {title}"),
    "play.forgotten": (
        "Forgotten ({removed} removed); you are a stranger again.",
        "已忘记（删除 {removed} 条），你又是陌生人了。",
    ),
    "play.no_such": ("There is no number {number} in the list above.", "上面的列表里没有编号 {number}。"),
    "play.nothing": ("Nothing found.", "没有找到。"),
    "play.bye": ("Goodbye.", "再见。"),
}


def say(language: str, key: str, **facts: object) -> str:
    """A sentence in the language of the story; a mixed shop is told in Chinese.

    >>> say("en", "search.heading", query="tent")
    'Anyone searches for “tent”'
    """
    return SENTENCES[key][0 if language == "en" else 1].format(**facts)
