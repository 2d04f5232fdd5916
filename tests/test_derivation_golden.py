"""The golden values, to ten digits: each found beforehand to sixteen, from the sums as defined."""

import numpy as np
import pytest

from pydis.derivations import DERIVATIONS
from pydis.derivations.inputs import KL_P, KL_Q, J
from pydis.derivations.inputs.beta import STAR as LINEAR
from pydis.derivations.inputs.beta import encoder
from pydis.derivations.inputs.infogan import STAR as TOY
from pydis.derivations.linear_tools import elbo, rate
from pydis.derivations.relations import relative
from pydis.derivations.verify import GOLDEN, verify

LOG_2, LOG_3 = 0.6931471805599453, 1.0986122886681098
I_J, KL_STAR, KL_BACK = 0.08630462173553428, 0.3600624406359049, 0.3948162052044019
H_X_GIVEN_Y, H_Y_GIVEN_X = 0.606842558824411, 0.5867070452737222
TOY_I, TOY_L, TOY_GAP = 0.130812035941137, 0.03848052056806416, 0.0923315153730728
LOG_PX, ELBO, KL_POST = -0.8439700702945289, -0.9185495331979068, 0.0745794629033779
POSTERIOR = [0.2325581395348837, 0.3488372093023256, 0.4186046511627907]
TEMPERED = [0.3574988959783131, 0.3391532316861236, 0.3033478723355632]
IWAE = [ELBO, -0.8848191296009853, -0.8718435184360099, -0.8650642971097334]
INFONCE = [0.0, 0.04331821051210375, 0.05786208432588241, 0.06507845863763800]
SQUARED = 0.6365141682948128
GAP = 0.009009252751339157
P_X = -3.9457960590122086
VAE = -1.5723649429247001

VALUES: dict[str, dict[str, object]] = {
    "survey.independence-not-sufficient": {"informations": np.full((2, 2), LOG_2 / 2)},
    "survey.vanilla-nonidentifiable": {"gap": GAP},
    "survey.neuron-entangled": {"corner": 0.2157615543388357, "left": 0.8239592165010823},
    "survey.tc-penalty-cost-not-universal": {
        "recons": [1.436151117294114, 0.9162907318741551],
        "rates": [LOG_2, 2 * LOG_2],
        "every-correlation": [LOG_2, 0.0],
        "chosen": [0, 1],
    },
    "survey.beta-vae-shifts-posterior": {"tempered": TEMPERED},
    "survey.aae-aggregate": {"aggregate": 0.0, "average": LOG_3},
    "survey.factorvae-tc": {"covariance": 0.0, "divergence": SQUARED},
    "survey.dip-covariance": {"split": [[1.08, -0.76], [-0.76, 1.18]]},
    "survey.dip-identity-not-independent": {"correlation": LOG_2},
    "info.self-information": {"L0": 2.0},
    "entropy.definition": {"L3": 1.0296530140645735},
    "entropy.joint": {"L3": 1.2798542258336675},
    "entropy.conditional-definition": {"L1": H_X_GIVEN_Y, "M0": H_Y_GIVEN_X},
    "entropy.conditional-chain": {"L4": H_X_GIVEN_Y},
    "mi.chain": {"L1": I_J},
    "mi.dependence-not-correlation": {"L0": SQUARED},
    "kl.forms": {"L3": (KL_STAR, KL_BACK)},
    "kl.asymmetry": {
        "L0": (0.5108256237659907, 1.7577796618689755),
        "L1": (0.3680642071684971, 1.7577796618689755),
    },
    "kl.locality": {"C0": 1.4755517816455745, "C2": -0.036888794541139363, "W0": [1, 2, 3, 4, 5]},
    "infogan.objective-sign": {"L0": -2 * LOG_2},
    "infogan.lambda-scale": {"I0": 2.302585092994046, "G0": 13.815510557964774},
    "infogan.mi-max-equals-condent-min": {"M0": LOG_2, "N0": 0.0},
    "infogan.determined-code": {"I0": LOG_2, "C0": 0.0},
    "infogan.posterior-needed": {"I0": LOG_2, "I2": 0.0, "Z0": np.full((2, 2), 0.5)},
    "infogan.mi-variational-chain": {"L0": TOY_I},
    "infogan.lower-bound": {"L0": TOY_I, "L2": TOY_L, "D1": TOY_GAP},
    "infogan.bound-edge-Q-zero": {"L2": -np.inf},
    "infogan.lemma": {"L3": 2.7},
    "infogan.lemma-final-bound": {"L2": TOY_L},
    "infogan.bound-not-equality": {"M1": 0.587786664902119, "L0": LOG_2},
    "infogan.q-must-be-optimised": {"F0": np.zeros(16), "R0": LOG_2},
    "bvae.beta-gt-1-entangled-optimum": {
        "F2": 5.224171427529236,
        "I0": (np.diag([LOG_2 / 2] * 2), np.full((2, 2), 0.14384103622589046)),
    },
    "bvae.collapse-threshold": {"L1": (LOG_2 / 2, 0.0)},
    "bvae.bayes": {"L1": POSTERIOR},
    "vi.kl-posterior-chain": {"e0": KL_POST},
    "vi.evidence-decomposition": {"L0": LOG_PX},
    "vi.elbo-lower-bound": {"L0": ELBO, "G1": KL_POST},
    "vi.max-bound-not-max-function": {
        "G0": [-0.5108256237659907, -1.6621181702630135],
        "G1": [-0.5108256237659907, -0.09431067947124133],
    },
    "vi.elbo-chain": {"L4": ELBO, "D0": -0.5237333279935049, "R1": -KL_BACK},
    "vae.gaussian-likelihood": {"M0": (1.7724538509055159, np.pi), "E0": VAE},
    "vae.gaussian-z-not-sufficient": {"A0": 2.0, "G0": 8.0},
    "kl.pinsker": {"tv": 0.4},
    "mi.conditioning-can-go-both-ways": {"free": (0.0, LOG_2), "given": (LOG_2, 0.0)},
    "tc.xor-pairwise-blind": {"total": LOG_2, "pairs": np.zeros(3)},
    "gauss.kl-diag-standard": {"library": 0.8196410996658061},
    "gauss.kl-full": {"library": 0.6582905411045128},
    "gauss.max-entropy": {
        "gaussian": 1.4189385332046727,
        "laplace": 1.3465735902799727,
        "uniform": 1.2424533248940002,
    },
    "grad.variance-comparison": {"pathwise": 1.0, "score": 11.5704},
    "gan.jsd-value": {"J1": 0.09056584995526783, "V2": (-1.205162661209355, -2 * LOG_2, 0.0)},
    "mi.infonce": {"B0": INFONCE, "B1": I_J},
    "vi.iwae-monotone": {"M0": IWAE},
    "vi.nll-kl-equivalence": {"L0": [1.3897154547004784]},
    "bvae.tempered-posterior": {
        "V1": (-0.6793395970434586, -0.9384862635032033, -0.9864685188744821),
        "Q0": TEMPERED,
    },
    "rd.binary-blahut-arimoto": {
        "L1": (
            np.array([0.11920292202211756, 0.3278133254727377]),
            np.array([0.26894142136999512, 0.11094407167172735]),
        )
    },
    "elbo.hoffman-johnson": {
        "rate": 0.33869355681766718,
        "information": 0.17691516033621999,
        "aggregate": 0.16177839648144719,
    },
    "elbo.tc-decomposition": {
        "each": [0.33869355681766718, 0.17691516033622, 0.1605278751265819, 0.00125052135486529825]
    },
    "ppca.marginal-and-posterior": {
        "L1": P_X,
        "P0": [0.7818181818181819, -0.4727272727272727],
        "S0": [
            [0.2909090909090909, -0.03636363636363636],
            [-0.03636363636363636, 0.2545454545454545],
        ],
    },
    "ppca.diag-gap": {"L1": GAP},
    "ppca.star-rotation-witness": {"L0": P_X, "G0": GAP, "G1": 0.0},
    "linear-vae.collapse": {"N1": (2, 1, 0)},
    "ica.non-gaussian-identifiable": {"T0": LOG_2},
    "metric.mig": {"L0": (1.0, 1 / 3, 0.0)},
}
"""By derivation and line; a tuple has the values on several golden inputs."""


@pytest.mark.parametrize("key", VALUES)
def test_a_golden_input_has_this_value(key: str):
    d = DERIVATIONS[key]
    for label, expected in VALUES[key].items():
        for value in expected if isinstance(expected, tuple) else (expected,):
            given = [g.case for g in d.golden if label in g.values]
            off = [relative(d.line(label).value(**case), value) for case in given]
            assert min(off, default=np.inf) <= GOLDEN, (label, value, off)


GIVEN = [d for d in DERIVATIONS.values() if d.golden]


@pytest.mark.parametrize("d", GIVEN, ids=[d.id for d in GIVEN])
def test_golden_values_are_met_to_ten_digits(d):
    for golden in d.golden:
        for label, expected in golden.values.items():
            assert relative(d.line(label).value(**golden.case), expected) <= GOLDEN
    assert verify(d).passed


def test_golden_objects():
    np.testing.assert_allclose(TOY.posterior, [[0.75, 0.25], [0.25, 0.75]], rtol=1e-14)
    np.testing.assert_allclose(J.sum(1) @ np.log(J.sum(1)), -LOG_2, rtol=1e-14)
    np.testing.assert_allclose(-J.sum(0) @ np.log(J.sum(0)), 0.6730116670092564, rtol=1e-14)
    np.testing.assert_allclose(np.abs(KL_P - KL_Q).sum() / 2, 0.4, rtol=1e-14)


def test_golden_linear_model():
    """Reconstruction and rate of the β-VAE with S = 4 I, σ² = 1, β = 2."""
    lam, s2, beta = LINEAR["lam"], LINEAR["s2"], LINEAR["beta"]
    W, S = np.diag(np.sqrt(lam - beta * s2)), np.diag(lam)
    V, D = encoder(W, s2, beta)
    variances = np.diagonal(D) if np.ndim(D) == 2 else D
    nats = rate(V, variances, S)
    assert relative(nats, LOG_2) <= GOLDEN
    assert relative(-elbo(W, s2, V, variances, S) - nats, 3.8378770664093455) <= GOLDEN


@pytest.mark.parametrize(
    ("value", "expected", "off"),
    [
        (2.0, 2.0, 0.0),
        (1.001, 1.0, 1e-3),
        (1e-6 * (1 + 1e-9), 1e-6, 1e-9),
        (3e-11, 0.0, 3e-11),
        (np.inf, np.inf, 0.0),
        (np.inf, 1.0, np.inf),
        (-np.inf, np.inf, np.inf),
        (np.nan, 1.0, np.inf),
        (np.nan, np.nan, np.inf),
        (np.ones(3), 1.0, 0.0),
        (np.ones(3), np.ones(2), np.inf),
        (1.0, np.ones(2), np.inf),
        (True, True, 0.0),
        (True, False, 1.0),
    ],
)
def test_relative(value, expected, off):
    assert relative(value, expected) == pytest.approx(off, rel=1e-6)
