"""What a shop should conclude from each table of docs/benchmarks.md, written after reading it."""

from __future__ import annotations

from typing import Final

CONCLUSIONS: Final = {
    "beauty-new-users": (
        "After one event the engine serves a new visitor a third better than the best single method of "
        "others (DropoutNet), a half better than neighbours and a quarter better than LambdaMART over "
        "simple scorers; after five events by a sixth (rp3) and a ninth, after ten by a quarter. From "
        "five on it is certainly better than everything; before that our belief about a taste alone "
        "(taste) and, after two and three, LambdaMART are within its interval. Before the first event "
        "popularity is what there is."
    ),
    "beauty-new-both": (
        "New visitors and new products at once: among new products the engine is ahead of neighbours "
        "carried over by text by a sixth to a quarter at every k from one event on (.060 to .130 against "
        ".048 to .103). In the whole catalogue, where room for new products takes nothing that can be "
        "told from chance, it finds about three times as many of them as without it; plain content "
        "finds two thirds more still, because it does not know what sells."
    ),
    "beauty-new-items": (
        "For products that nobody has bought yet the engine is certainly better than everything else: "
        "among new products by an eighth (.133; EASE and rp3 .118, what reads text alone .10), and in "
        "the whole catalogue by two fifths (.057; plain content .041), where it shows new products "
        "about as often as they are wanted (.23 of the places, .20 of the products)."
    ),
    "beauty-warm": (
        "Regulars are served best by the engine, certainly so: .074 for the next product of each, "
        "LambdaMART over simple scorers .054, EASE and neighbours .05, iALS .046. It reads the end of a "
        "history more closely than its beginning, and knows that a regular's own past stands in the tables."
    ),
    "ml100k-new-users": (
        "In a small shop where everybody rates the same famous films the engine and one of its parts "
        "alone (directed-factors: what leads to what, with popularity) come first at every k; then "
        "popularity up to three events and neighbours after (.50 against .46 at five). Against the best "
        "single method of others it is ahead by 4 to 10 %, against most by a tenth to a half, yet nearly "
        "all of it is a tie: a few films carry so much that the intervals are wide."
    ),
    "ml100k-new-items": (
        "For new films that nobody has rated, the engine (.28) and factors of the old users with a ridge "
        "map from text (ials-map, .27) rank best among new films, a tie; DropoutNet and plain content come "
        "next; neighbours carried over by likeness alone have .18. In the whole catalogue SEMCo finds the "
        "most of them (.11), because it gives new films half of all places; the engine is next (.07, a "
        "tie) with a fifth of the places, which is their share of the catalogue."
    ),
    "ml100k-new-both": (
        "New visitors and new films at once: among new films the engine is ahead of every other method at "
        "every k from one event on (.16 to .19; popularity guessed from text .13, what reads text or "
        "factors .11 to .14), by a sixth to a third, certainly so after ten events. In the whole catalogue "
        "plain content finds more of the new films than the engine (.02 against .01, a tie), which gives "
        "them 7 % of the places and pays 2 % of its accuracy."
    ),
    "ml100k-warm": (
        "Regulars with long histories are served best by the engine, certainly so: .135 for the last film "
        "of each, iALS .096, EASE .093. It reads the end of a history more closely than its beginning, and "
        "knows that a regular's own past stands in the tables."
    ),
    "ml100k-new-users-temporal": (
        "Asked of the newest fifth of the users, with nothing learned from what came after them, "
        "everything is a little worse than with a random cut and the order stays: the engine and "
        "directed-factors come first from one event on, within the interval of popularity and neighbours."
    ),
    "ml100k-new-items-temporal": (
        "With 82 users who met a new film after the cut, little is certain. Popularity guessed from "
        "the text of new films ranks them best here, twice as well as the engine though a tie; in the "
        "whole catalogue only the engine and plain content show any."
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
        "25 %: name your intents well. Likeness to the examples, with what texts without labels say of "
        "how dense each place is (neighbours+names+texts), makes that 75 %, 82 % at four and 86 % at "
        "eight, and its probabilities can be used from eight on (ECE .02; of logistic regression .30). "
        "Views of words alone that have to agree (agreement) are of no use for so many intents; from eight "
        "examples on its rows were measured before it asked for ten pairs of clauses for each direction."
    ),
    "clinc150-few-shot-text": (
        "With 150 intents one example each gives 69 % right answers, 79 % with the names of the "
        "intents, 85 % when texts without labels are read too (neighbours+names+texts); four give 88 %, "
        "and from eight on what labels say is enough: logistic regression has 95 % at 64. The same "
        "reading of unlabelled texts notices questions that belong to no intent best at every number of "
        "examples (AUROC .96), and its probabilities hold (ECE .02). The rows of agreement at 64 are from "
        "before it asked for ten pairs of clauses for each direction."
    ),
    "eprstmt_zh-few-shot-text": (
        "Chinese review sentiment without a Chinese language model: let views of 19,565 unlabelled "
        "reviews agree (agreement) and give the labels Chinese names: 75 % right after one review a "
        "side, where frozen vectors and logistic regression have 55 %, 79 % after eight and 82 % after "
        "64. Its probabilities are .04 to .08 off. Collect text before labels."
    ),
}
