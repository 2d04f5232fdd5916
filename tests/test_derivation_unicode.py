"""LaTeX as Unicode: what a terminal shows of a formula."""

import pytest

from pydis.derivations import DERIVATIONS
from pydis.derivations.items import ITEMS
from pydis.derivations.unicode import prose, unicode

SHOWN = {
    r"-\sum_y p(y)\,p(x\mid y)\log p(x\mid y)": "−∑_y p(y) p(x | y) log p(x | y)",
    r"-\sum_{x,y} p(x,y)\log\frac{p(x,y)}{p(y)}": "−∑_{x, y} p(x, y) log (p(x, y)/p(y))",
    r"\log \frac{p(x,z)/p(x)}{q(z)}": "log ((p(x, z)/p(x))/q(z))",
    r"\mathbb{E}_{x \sim G(z, c),\, c' \sim p(c \mid x)}[\log Q(c' \mid x)]": (
        "𝔼_{x ~ G(z, c), c′ ~ p(c | x)}[log Q(c′ | x)]"
    ),
    r"\mathrm{KL}(q(z \mid x) \,\Vert\, p(z)) \ge 0": "KL(q(z | x) ‖ p(z)) ≥ 0",
    r"\tfrac12\left(\sum_i \log P_{ii} - \log\det P\right)": "½(∑_i log Pᵢᵢ − log det P)",
    r"\lVert x-\hat x\rVert^2, \sigma^2_{ij}, e^{-\lVert x\rVert^2}": "‖x − x̂‖², σ²ᵢⱼ, e^{−‖x‖²}",
    r"\frac d2\log 2\pi + \frac{a+b}{c}x": "(d/2) log 2π + ((a + b)/c) x",
    r"\sqrt{2\pi\sigma^2}, A^\top, W^{-1}, \sqrt x": "√(2πσ²), Aᵀ, W⁻¹, √x",
    r"\prod_{j=1}^{k} q(z_j), \nabla_\theta \mathbb{E}_{q}[f]": "∏_{j = 1}^k q(zⱼ), ∇_θ 𝔼_q[f]",
    r"X \perp Y, \text{if $p > 0$ or so}, Y{=}y": "X ⊥ Y, if p > 0 or so, Y=y",
    r"\frac{e^{l_k}}{\sum_j e^{l_j}}": "e^{lₖ}/(∑_j e^{lⱼ})",
    r"\mathcal N(\mu, \Sigma), \mathbb R^{d}, 2^{-n}": "𝒩(μ, Σ), ℝᵈ, 2⁻ⁿ",
}


@pytest.mark.parametrize("latex", SHOWN)
def test_shown(latex: str):
    assert unicode(latex) == SHOWN[latex]


def test_prose():
    assert prose(r"$\log p(x)$ is constant, so $\min x$") == "log p(x) is constant, so min x"


@pytest.mark.parametrize(
    "latex", [r"\nonsense", r"\frac{a}", r"{a", r"\sqrt", r"\text a", r"x^", r"\text{a", r"{\hat}"]
)
def test_what_is_not_known_or_not_complete(latex: str):
    with pytest.raises(ValueError, match=r"known|missing|end|braces"):
        unicode(latex)


@pytest.mark.parametrize("derivation", DERIVATIONS.values(), ids=DERIVATIONS)
def test_every_line_can_be_shown(derivation):
    for line in derivation.lines:
        assert not set("\\$") & set(unicode(line.latex)), line.label
    for erratum in derivation.errata:
        assert not set("\\$") & set(unicode(erratum.printed) + unicode(erratum.corrected))


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_every_item_can_be_shown(item):
    assert not set("\\$") & set(prose(item.statement))
