"""What a LaTeX command is in Unicode, and of which class."""


def _pairs(text: str) -> dict[str, str]:
    """Names and symbols, one after the other."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


LETTERS = _pairs(
    """alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ iota ι kappa κ
    lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω
    Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω ell ℓ"""
)

PLAIN = _pairs(
    r"""infty ∞ partial ∂ nabla ∇ top ⊤ bot ⊥ emptyset ∅ varnothing ∅ forall ∀ exists ∃ neg ¬
    ldots … dots … cdots ⋯ vdots ⋮ prime ′ dagger † vert | % % _ _ # # & & $ $ hbar ℏ checkmark ✓"""
)

BIG = _pairs("sum ∑ prod ∏ int ∫ iint ∬ oint ∮ bigcup ⋃ bigcap ⋂ bigotimes ⨂ bigoplus ⨁")

RELATIONS = _pairs(
    r"""le ≤ leq ≤ leqslant ≤ ge ≥ geq ≥ geqslant ≥ ne ≠ neq ≠ equiv ≡ approx ≈ sim ~ simeq ≃ cong ≅
    propto ∝ in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ to → rightarrow → longrightarrow → mapsto ↦
    Rightarrow ⇒ implies ⇒ Longrightarrow ⇒ iff ⇔ Leftrightarrow ⇔ mid | Vert ‖ | ‖ parallel ‖
    perp ⊥ colon : coloneqq := ll ≪ gg ≫ succeq ⪰ preceq ⪯ succ ≻ prec ≺ nearrow ↗ searrow ↘
    cdot · times × otimes ⊗ oplus ⊕ odot ⊙ circ ∘ pm ± mp ∓ ast * star ⋆ wedge ∧ land ∧ vee ∨ lor ∨
    cup ∪ cap ∩ setminus ∖ div ÷ bmod mod gets ← leftarrow ← uparrow ↑ downarrow ↓"""
)
"""Operators between two things are spaced as relations are."""

OPENING = _pairs(r"lVert ‖ lvert | langle ⟨ lfloor ⌊ lceil ⌈ { { lbrace {")
CLOSING = _pairs(r"rVert ‖ rvert | rangle ⟩ rfloor ⌋ rceil ⌉ } } rbrace }")

FUNCTIONS = """log ln exp det max min sup inf argmax argmin tr cov var sin cos tan tanh sinh cosh
    sign arg lim Pr dim ker gcd deg"""

SYMBOLS: dict[str, tuple[str, str]] = {
    name: (kind, symbol)
    for kind, table in (
        ("ord", LETTERS | PLAIN),
        ("big", BIG),
        ("relation", RELATIONS),
        ("open", OPENING),
        ("close", CLOSING),
        ("function", {name: name for name in FUNCTIONS.split()}),
        ("space", dict.fromkeys((",", ";", ":", " ", ">", "quad", "qquad"), " ")),
        ("comma", {"\\": ";"}),
    )
    for name, symbol in table.items()
}
"""Class and text of each command without arguments."""

IGNORED = """! left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr displaystyle
    textstyle limits nolimits"""

ACCENTS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "bar": "\u0304",
    "overline": "\u0305",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "dot": "\u0307",
    "vec": "\u20d7",
}

FONTS: dict[str, dict[str, str]] = {
    "mathbb": dict(zip("CENPQRVZ1", "ℂ𝔼ℕℙℚℝ𝕍ℤ𝟙", strict=True)),
    "mathcal": dict(zip("ABDEFGHILMNOPSTUVXYZ", "𝒜ℬ𝒟ℰℱ𝒢ℋℐℒℳ𝒩𝒪𝒫𝒮𝒯𝒰𝒱𝒳𝒴𝒵", strict=True)),
    "mathrm": {},
    "mathsf": {},
    "mathit": {},
    "mathbf": {},
    "mathtt": {},
    "boldsymbol": {},
    "operatorname": {},
    "bm": {},
}

TEXTS = ("text", "textrm", "textit", "textbf", "texttt", "mbox")

FRACTIONS = {("1", "2"): "½", ("1", "3"): "⅓", ("2", "3"): "⅔", ("1", "4"): "¼", ("3", "4"): "¾"}

SUPERSCRIPTS = dict(
    zip(
        "0123456789+−=()abcdefghijklmnoprstuvwxyzβ⊤*′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵝᵀ*′",
        strict=True,
    )
)

SUBSCRIPTS = dict(
    zip(
        "0123456789+−=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
