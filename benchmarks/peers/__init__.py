"""Other recommender libraries, asked the same questions as ours through their own public interface.

They live in an environment of their own (`make peers`), because they hold numpy and pandas back. There
`available()` gives one `Method` for each model whose library is installed, ready for
`warmstart.evaluate.run.evaluate(methods=[..., *available()])`.

| name | library | hot items, new user with events | new user without events | new items |
|---|---|---|---|---|
| lenskit-knn | LensKit | yes, the history goes with the query | popularity | silent |
| lenskit-als | LensKit | yes, folded in from the history | popularity | silent |
| rectools-ease | RecTools | yes, the history goes into the data set asked | popularity | silent |
| rectools-knn | RecTools | yes, likewise | popularity | silent |
| lightfm | LightFM (lightfm-next) | yes, a user is the sum of items touched | item bias | by their words |

Popularity is the library's own model, which its documentation advises for users that nothing is known
of. Silent is NaN: such items are never listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from peers.base import PeerMethod
from peers.lenskit_peers import LensKitAls, LensKitKnn
from peers.lightfm_peer import LightFmHybrid
from peers.rectools_peers import RecToolsEase, RecToolsKnn

PEERS: Sequence[type[PeerMethod]] = (LensKitKnn, LensKitAls, RecToolsEase, RecToolsKnn, LightFmHybrid)


def available(seed: int = 0) -> list[PeerMethod]:
    """The peers whose library is installed here, with the settings that they are measured with."""
    return [peer(seed=seed) for peer in PEERS if find_spec(peer.library)]
