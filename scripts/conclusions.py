"""What a shop should conclude from each table of docs/benchmarks.md, written after reading it."""

from __future__ import annotations

from typing import Final

CONCLUSIONS: Final = {
    "beauty-new-users": (
        "After one event the engine serves a new visitor a half better than the best single method of "
        "others (rp3), a third better than DropoutNet and a quarter better than LambdaMART over simple "
        "scorers; after five events by a sixth and an eighth, after ten by a quarter. From five on it is "
        "certainly better than everything; before that our belief about a taste alone (taste) is within "
        "its interval. Before the first event popularity is what there is."
    ),
    "beauty-new-both": (
        "New visitors and new products at once: among new products the engine is ahead of neighbours "
        "carried over by text by a sixth to a quarter at every k from one event on (.061 to .130 against "
        ".048 to .103). In the whole catalogue, where room for new products takes nothing that can be "
        "told from chance, it finds three to seven times as many of them as without it; plain content "
        "finds nearly twice as many again, because it does not know what sells."
    ),
    "beauty-new-items": (
        "Among new products, neighbours chosen together and carried over by text (item-knn, EASE, "
        "rp3) and the engine are level once each is tuned; what reads text alone comes somewhat "
        "below, networks, factors and LightFM further. In the whole catalogue plain content shows new "
        "products best, certainly better than the engine, because it does not know what sells: "
        "whether a shop shows new products is a decision about exposure, not a matter of the better "
        "score."
    ),
    "ml100k-new-users": (
        "In a small shop where everybody rates the same famous films the engine and one of its parts alone "
        "(directed-factors: what leads to what, with popularity) come first at every k; then popularity up "
        "to three events and neighbours after (.50 against .46 at five). Against most others it is ahead "
        "by a tenth to a half, yet nearly all of it is a tie: a few films carry so much that the intervals "
        "are wide."
    ),
    "ml100k-new-items": (
        "For new films that nobody has rated, the engine and factors of the old users with a ridge map "
        "from text (ials-map) rank best among new films (.27 and .27, a tie), DropoutNet and plain content "
        "next; neighbours carried over by likeness alone have .17. In the whole catalogue only what learns "
        "how far text can be trusted shows new films where they are wanted: the engine and SEMCo (.11)."
    ),
    "ml100k-new-both": (
        "New visitors and new films at once: among new films the engine comes first at every k from one "
        "event on (.15 to .19; popularity guessed from text .13, what reads text or factors .10 to .15), "
        "though a tie at 943 users. In the whole catalogue plain content finds more of the new films than "
        "the engine (.02 against .01), which gives them 7 % of the places and pays 2 % of its accuracy."
    ),
    "ml100k-warm": (
        "Regulars with long histories are served best by the engine, which reads the end of a history more "
        "closely than its beginning (.119): certainly better than EASE (.093), neighbours, popularity and "
        "the networks, and a quarter above iALS (.096, a tie). The earlier score lost here by "
        "a third: learning to serve the cold had cost the warm."
    ),
    "ml100k-new-users-temporal": (
        "Asked of the newest fifth of the users, with nothing learned from what came after them, "
        "everything is a little worse than with a random cut and the order stays: the engine comes "
        "first from one event on, within the interval of popularity."
    ),
    "ml100k-new-items-temporal": (
        "With 82 users who met a new film after the cut, little is certain. Popularity guessed from "
        "the text of new films ranks them best here, and the engine follows it; in the whole "
        "catalogue only plain content shows any."
    ),
    "ml1m_melu-ratings": (
        "After all of a new user's ratings the closed-form factor rater is off by .68 stars, .64 when "
        "it answers the median of its belief (which is what an absolute error rewards), against .74 "
        "for a MeLU of ours and .785 in the paper; it fits in 6 s, the network in 95 s. Plain biases "
        "answering medians (.70) already beat the network: measure them first. With at most one "
        "rating, and for items nobody rated, the difference between the raters is within the interval "
        "or small."
    ),
    "icecat-search": (
        "On a catalogue that nobody has clicked in yet, words alone already rank well; meaning "
        "learned from the catalogue adds results that no judge had seen (c rises, within the "
        "interval) and costs what unjudged results cost (Judged@10 falls). Tuning on 45 queries does "
        "not pay: BM25 tuned by cross-validation is no better than with its defaults. Those defaults, "
        "the dense share and the encoder's shrinkage were themselves chosen from a handful of round "
        "values with these 57 queries in sight."
    ),
    "banking77-few-shot-text": (
        "With one example for each of 77 intents a frozen English encoder is right on 55 % of the "
        "questions, on 70 % when the name of the intent counts as an example too, and words alone on "
        "25 %: name your intents well. From 16 examples the names no longer matter. The probabilities "
        "are far too modest (ECE .30 at 8 examples): calibrate before a threshold means anything."
    ),
    "clinc150-few-shot-text": (
        "With 150 intents one example each gives 69 % right answers, 79 % with the names of the "
        "intents; four give 87 %. To notice questions that belong to no intent, the likeness to the "
        "nearest class mean (prototype+names) is certainly better than logistic regression up to four "
        "examples: AUROC .93 at one example, .95 at four, .96 from sixteen on."
    ),
    "eprstmt_zh-few-shot-text": (
        "Chinese review sentiment without a Chinese language model: an encoder learned from 19,565 "
        "unlabelled reviews lifts 8 examples per side from 64 % to 74 % and 64 examples from 79 % to "
        "81 %; collect text before labels. After one example everything is near chance. The labels' "
        "English names do not help."
    ),
}
