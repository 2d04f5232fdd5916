"""The game of generator and discriminator, from logits, in nats for each example.

    min_G max_D V(D, G),    V = E log D(x) + E log(1 − D(G(z)))                  (eq:gan-value)

D = sigmoid(a) is held as its logit a: log D = −softplus(−a) and log(1 − D) = −softplus(a) neither
overflow nor stop at the logarithm of a clipped probability. Goodfellow et al. 2014.
"""

from pydis.autodiff import Value
from pydis.autodiff.ops import softplus
from pydis.probability.gaussian import check_like


def adversarial_value(real: Value, fake: Value) -> Value:
    """log D(x) + log(1 − D(x̃)) = −softplus(−a) − softplus(ã)  (eq:gan-value), `[N]`.

    `real` `[N]` are the logits a of data, `fake` `[N]` the logits ã of as many generated examples.
    For the best D the mean is 2 JSD − log 4. Raises ValueError where the shapes differ, TypeError
    where the dtypes do.
    """
    check_like("adversarial_value", fake, real)
    return -softplus(-real) - softplus(fake)


def discriminator_loss(real: Value, fake: Value) -> Value:
    """−V  (eq:gan-value), `[N]`: what the discriminator minimises."""
    return -adversarial_value(real, fake)


def saturating_loss(fake: Value) -> Value:
    """log(1 − D(x̃)) = −softplus(ã)  (eq:gan-saturating), `[N]`: the generator's share of V.

    Its slope in ã is −D: where D sees through the generator it vanishes.
    """
    return -softplus(fake)


def non_saturating_loss(fake: Value) -> Value:
    """−log D(x̃) = softplus(−ã)  (eq:gan-non-saturating), `[N]`.

    Its slope in ã is −(1 − D): the sign of the saturating one, and largest where that vanishes.
    """
    return softplus(-fake)
