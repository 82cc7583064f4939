"""What y says, and what outputs say about y: codes, shares of classes, decisions and labels of every kind."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sk_shallow._targets import OUTPUTS, encode_targets, kind_of, listed

INDICATOR = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 1, 0]])
LABELS = {
    "binary": np.array(["no", "yes", "yes", "yes"]),
    "multiclass": np.array([30, 10, 20, 10, 40]),
    "one class": np.array([7, 7]),
    "multilabel": INDICATOR,
}
KINDS = {name: name for name in LABELS} | {"one class": "multiclass"}
EPS = float(np.finfo(np.float64).eps)
every_kind = pytest.mark.parametrize("kind", LABELS)


def targets(kind):
    return encode_targets(LABELS[kind])


@every_kind
def test_kind_and_number_of_outputs_follow_from_the_labels(kind):
    found = targets(kind)
    assert found.kind == KINDS[kind] == kind_of(found.outputs.classes, kind == "multilabel")
    assert type(found.outputs) is OUTPUTS[found.kind]
    assert found.outputs.n_outputs == {"binary": 1, "multiclass": 4, "one class": 1, "multilabel": 3}[kind]
    assert found.outputs.multilabel == (kind == "multilabel")
    expected = np.arange(3) if kind == "multilabel" else np.unique(LABELS[kind])
    assert_array_equal(found.outputs.classes, expected)


@every_kind
def test_targets_are_codes_for_a_softmax_and_0_and_1_for_sigmoids(kind):
    _, outputs, encoded = targets(kind)
    if KINDS[kind] == "multiclass":
        assert_array_equal(encoded, np.unique(LABELS[kind], return_inverse=True)[1])
    else:
        expected = INDICATOR if kind == "multilabel" else [[0], [1], [1], [1]]
        assert_array_equal(encoded, np.array(expected, dtype=np.uint8), strict=True)
    if kind != "multilabel":
        assert_array_equal(outputs.classes[outputs.codes(encoded)], LABELS[kind])


@every_kind
@pytest.mark.parametrize("sign", [1, -1])
def test_decisions_probabilities_and_labels_of_raw_outputs_have_their_shapes(kind, sign):
    _, outputs, encoded = targets(kind)
    n, k = len(encoded), outputs.n_outputs
    Z2 = sign * np.random.RandomState(0).normal(size=(n, k))
    per_class = outputs.per_class(Z2)
    assert outputs.decision(Z2).shape == ((n,) if k == 1 else (n, k))
    assert per_class.shape == (n, len(outputs.classes))
    labels = outputs.labels(np.asarray(outputs.label_codes(Z2), dtype=int))
    assert labels.shape == LABELS[kind].shape
    if kind == "multilabel":
        assert_array_equal(labels, Z2 > 0)
    else:
        assert_array_equal(labels, outputs.classes[per_class.argmax(axis=1)])
        assert labels.dtype == LABELS[kind].dtype


def test_probabilities_of_two_classes_sum_to_1_and_follow_the_sign_of_the_decision():
    outputs = targets("binary").outputs
    Z2 = np.array([[-2.0], [0.0], [3.0]])
    p = outputs.loss.activation(outputs.per_class(Z2))
    assert_allclose(p.sum(axis=1), 1)
    assert_array_equal(outputs.decision(Z2), Z2[:, 0])
    assert_array_equal(outputs.labels(np.asarray(outputs.label_codes(Z2), int)), ["no", "no", "yes"])


@every_kind
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("size", [1.0, 1e-300, 1e300])
def test_prior_is_the_weighted_share(kind, smooth, size):
    _, outputs, encoded = targets(kind)
    n = len(encoded)
    s = size * np.arange(1.0, n + 1)
    shares = s / s.sum()
    Y = encoded if encoded.ndim == 2 else np.eye(outputs.n_outputs)[encoded]
    expected = shares @ Y
    if kind == "multilabel":  # the first label always, the last never
        rare = 1 / (n + 1) if smooth else EPS
        expected[[0, 2]] = 1 - rare, rare
    assert_allclose(outputs.prior(encoded, s, smooth=smooth), expected, rtol=1e-12)
    assert_allclose(
        outputs.prior(encoded, None, smooth=smooth), outputs.prior(encoded, np.ones(n), smooth=smooth), rtol=1e-12
    )


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("smooth", [False, True])
def test_a_class_without_weight_has_next_to_none_or_that_of_a_row(kind, smooth):
    _, outputs, encoded = targets(kind)
    s = np.where(LABELS[kind] == outputs.classes[-1], 0.0, 1.0)
    rare = 1 / (len(encoded) + 1) if smooth else EPS
    prior = outputs.prior(encoded, s, smooth=smooth)
    assert prior[-1] == rare
    assert np.isfinite(outputs.loss.start(prior)).all()
    everything = outputs.prior(encoded, 1 - s, smooth=smooth)
    assert_allclose(everything[-1], 1 - rare if kind == "binary" else 1)
    assert np.isfinite(outputs.loss.start(everything)).all()


@pytest.mark.parametrize(("kind", "place"), [("binary", 1), ("multiclass", 4)])
def test_a_share_of_next_to_nothing_is_not_0(kind, place):
    _, outputs, encoded = targets(kind)
    s = np.where(np.arange(len(encoded)) == place, 1e-300, LABELS[kind] == outputs.classes[0])
    assert outputs.prior(encoded, s, smooth=False)[-1] == EPS


@every_kind
def test_start_at_the_prior_gives_each_row_its_share(kind):
    _, outputs, encoded = targets(kind)
    prior = outputs.prior(encoded, None, smooth=True)
    assert_allclose(outputs.loss.activation(outputs.loss.start(prior)[None])[0], prior, rtol=1e-12)


@every_kind
def test_seen_answers_are_those_with_weight(kind):
    _, outputs, encoded = targets(kind)
    s = np.r_[1.0, np.zeros(len(encoded) - 1)]
    expected = {
        "binary": [[1], [0]],
        "multiclass": [[0, 0, 1, 0]],
        "one class": [[1]],
        "multilabel": [[0, 1, 1], [1, 0, 0]],
    }
    assert_array_equal(outputs.seen(encoded, s), expected[kind])
    whole = {"binary": [[1], [1]], "multiclass": [[1] * 4], "multilabel": [[0, 1, 1], [1, 1, 0]]}
    assert_array_equal(outputs.seen(encoded, None), whole.get(kind, [[1]]))


def test_labels_are_coded_among_the_classes_given():
    classes = np.array(["a", "b", "c"])
    found = encode_targets(np.array(["c", "a"]), classes)
    assert found.kind == "multiclass"
    assert_array_equal(found.encoded, [2, 0])
    assert_array_equal(found.outputs.classes, classes)
    assert encode_targets(np.array(["b"]), classes[:2]).kind == "binary"


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (["c", "x", "y"], {}, r"labels \[x, y\] are new"),
        (["a", "b"], {"all_present": True}, r"classes \[.*\] have no row"),
        (np.eye(2, dtype=int), {}, r"y has 2 label columns.*\[a, b, c\]"),
    ],
)
def test_labels_that_do_not_fit_the_classes_are_told(y, options, message):
    with pytest.raises(ValueError, match=message):
        encode_targets(np.array(y), np.array(["a", "b", "c"]), **options)


def test_indicators_fit_as_many_labels_as_before():
    assert_array_equal(encode_targets(INDICATOR, np.arange(3)).encoded, INDICATOR)


def test_long_lists_of_labels_are_cut_short():
    assert listed(range(8)) == "[0, 1, 2, 3, 4, 5, 6, 7]"
    assert listed(range(9)) == "[0, 1, 2, 3, 4, 5, 6, 7, …]"
