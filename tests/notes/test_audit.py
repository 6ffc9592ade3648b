# ruff: noqa: E501
"""Verdicts of notes: the six lines of a derivation that went wrong, readings, and errors that readers reported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import pgsym
from pgsym.claims import decide
from pgsym.cli.note import check_note
from pgsym.errors import ClaimError
from pgsym.notes import NoteDocument, audit_note

SIX = r"""# Gradients of a mean value

Here $\mathbb{P}(s)$ is the stationary distribution of the chain.

$$J_\theta = \int_{s\in S} \int_{a\in A} Q_\pi(s,a) \, d\pi(a|s) \, d\mathbb{P}_{\pi}(s)$$

$$
\begin{align*}
\nabla_\theta J_\theta &= \nabla_\theta \int_{s\in S} \int_{a\in A} Q_\pi(s,a) d\pi(a\vert s) d\mathbb{P}_{\pi}(s) \\
&= \int_s \int_a Q_\pi(s,a) \nabla_\theta d\pi(a\vert s;\theta) d\mathbb{P}_\pi(s) \\
&= \int_s \int_a Q_\pi(s,a) \frac{\nabla_\theta \pi(a|s)}{\pi(a|s)} d\pi(a|s) d\mathbb{P}_\pi(s) \\
&= \int_s \int_a Q_\pi(s,a) \nabla_\theta \log\pi(a|s) d\pi(a|s) d\mathbb{P}_\pi(s) \\
&= \int_a Q_\pi(s,a) \nabla_\theta \log\pi(a|s) d\pi(a|s) \\
&= \mathbb{E}_{\pi_\theta}[\nabla_\theta \log\pi(a|s) \, Q_\pi(s,a)]
\end{align*}
$$
"""


def audited(text: str, model: str | None = "two-state", **options):
    return audit_note(NoteDocument.of(text, "note.md"), model, **options)


@pytest.fixture(scope="module")
def six():
    return audited(SIX)


def test_six_lines_have_the_verdicts_of_the_example(six):
    """examples/lecture_note/note.claims has the same six lines in our notation."""
    assert [r.status for r in six.relations] == [*["proved"] * 2, "refuted", *["proved"] * 2, "refuted", "refuted"]
    line = six.relations[2].main.verdict.witness
    assert sorted(map(str, line.left.values())) == ["10120/6889", "52875/13778"]
    assert sorted(map(str, line.right.values())) == ["36225/95948", "9988/71961"]


def test_lost_sum_is_found_on_the_line_that_lost_it(six):
    assert [bool(r.relation.finding) for r in six.relations] == [*[False] * 5, True, True]


def test_readings_say_what_was_taken_for_granted(six):
    readings = dict(six.readings)
    assert readings["J"] == "stationary-value, for which line 5 is true"
    assert readings["\\mathbb{P}"] == "mu, the stationary distribution (line 3)"


def test_correction_of_a_false_line_is_true(six):
    problem = pgsym.zoo("two-state").replace(objective="stationary-value")
    assert decide(problem, six.relations[2].general.correction).proved


THEOREM = r"$$\nabla J = \sum_s d(s) \sum_a \nabla\pi(a|s) Q(s,a)$$"


def test_letter_with_several_meanings_is_read_in_each():
    """With discount the theorem holds for the visits eta, and fails for their normalised form and for mu."""
    (found,) = audited(THEOREM).relations
    assert found.status == "depends on the reading"
    status = {dict(c.reading.chosen)["d"]: str(c.verdict.status) for c in found.cases if not c.reading.undiscounted}
    assert status == {"mu": "refuted", "eta": "proved", "d": "refuted"}
    assert audited(THEOREM, read_as=["d: eta"]).holds
    assert not audited(THEOREM, read_as=["d: mu"]).holds
    assert audited(THEOREM, read_as=["d: mu"], objective="average-reward").holds


def test_note_without_a_model_is_decided_on_the_panel_and_for_every_mdp():
    found = audited(r"$$V^\pi(s) = \sum_a \pi(a|s) Q^\pi(s,a) = \sum_a \pi(a|s) A^\pi(s,a)$$", None)
    assert [r.status for r in found.relations] == ["proved", "refuted"]
    assert [str(r.general.standing) for r in found.relations] == ["proved for every finite MDP", "refuted"]


def test_what_is_true_on_the_panel_alone_is_refuted_by_another_mdp():
    """Short-corridor has no discount, so that nothing is lost there where gamma^t is dropped."""
    text = r"Let $0 \le \gamma < 1$. $$\nabla J = \mathbb{E}_\tau\left[\sum_t \nabla\log\pi(a_t|s_t) G_t\right]$$"
    audit = audited(text, None, objective="start-state")
    found = audit.relations[-1]
    assert {c.model: str(c.verdict.status) for c in found.cases} == {
        "short-corridor": "proved",
        "crossroads": "proved",
        "two-state": "inapplicable",
    }
    assert (found.status, found.other[0].strip()) == (
        "refuted",
        "two states, one of them terminal, and two actions suffice; no smaller MDP does it",
    )
    assert "   refuted for another MDP:" in audit.text().splitlines()
    told = "proved on short-corridor, and false on another model"
    assert told in audit.markdown()
    assert f"<summary>{told}</summary>" in audit.html()
    without = audited(text[text.index("$$") :], None, objective="start-state").relations[0]
    assert (without.status, str(without.general.standing)) == ("proved", "proved for every finite MDP")


RUNS = r"""
$$J(\theta) = \mathbb{E}_{\tau\sim\pi_\theta}[R(\tau)]$$

$$
"""
REPORTED = {
    # A sum over the steps of the run was missing before the gradient of the logarithm.
    "huggingface/deep-rl-class 285 and 527": (
        RUNS + r"\nabla_\theta J(\theta) = \mathbb{E}_{\tau\sim\pi_\theta}\left[\nabla_\theta\log\pi_\theta(a_t|s_t) R(\tau)\right]" + "\n$$\n",
        RUNS + r"\nabla_\theta J(\theta) = \mathbb{E}_{\tau\sim\pi_\theta}\left[\sum_{t=0}^{T}\nabla_\theta\log\pi_\theta(a_t|s_t) R(\tau)\right]" + "\n$$\n",
        "the time t is not bound; sum over it, as in sum[t]",
    ),
    # The probability of an action stood in the objective, an average over samples, where only the return belongs.
    "yandexdataschool/Practical_RL 307": (
        r"$$J \approx \frac1N \sum_{i=1}^N \sum_{t=0}^T \pi_\theta(a_t^{(i)}|s_t^{(i)}) \gamma^t r(s_t^{(i)},a_t^{(i)})$$",
        r"$$J \approx \frac1N \sum_{i=1}^N \sum_{t=0}^T \gamma^t r(s_t^{(i)},a_t^{(i)})$$",
        "refuted",
    ),
    # Two steps were counted from the state in between.
    "boyu-ai/Hands-on-RL 82": (
        r"""$$\phi(s) = \sum_a \nabla\pi(a|s) Q^\pi(s,a)$$

$$\nabla V^\pi(s) = \phi(s) + \gamma \sum_{s'} d^\pi(s \to s', 1) \phi(s') + \gamma^2 \sum_{s''} d^\pi(s' \to s'', 2) \nabla V^\pi(s'')$$""",
        r"""$$\nabla V^\pi(s) = \sum_a \nabla\pi(a|s) Q^\pi(s,a) + \gamma \sum_{s'} d^\pi(s \to s', 1) \sum_a \nabla\pi(a|s') Q^\pi(s',a) + \gamma^2 \sum_{s''} d^\pi(s \to s'', 2) \nabla V^\pi(s'')
= \dots = \sum_x \sum_{k=0}^\infty \gamma^k d^\pi(s \to x, k) \sum_a \nabla\pi(a|x) Q^\pi(x,a)$$""".replace(r"\sum_x", r"\sum_{x\in\mathcal{S}}"),
        "refuted",
    ),
    # The index of a sum had lost its mark, so that nothing was summed over.
    "natolambert/rlhf-book 119": (
        r"$$A_i = r_i - \text{mean}(r_1, r_2, \cdots, r_G) = r_i - \frac{1}{G}\sum{j=1}^G r_j$$",
        r"$$r_i - \text{mean}(r_1, r_2, \cdots, r_G) = r_i - \frac{1}{G}\sum_{j=1}^G r_j$$",
        r"found \sum{j=1}, an index without its mark. Write \sum_{j=1}",
    ),
    # In the advantage of one answer of a group, its own reward is left in the mean of the others.
    "a slip of that kind": (
        r"$$\frac{G}{G-1} \left( r_i - \frac1G \sum_{j=1}^G r_j \right) = r_i - \frac{1}{G-1} \sum_{j=1}^G r_j$$",
        r"$$\frac{G}{G-1} \left( r_i - \frac1G \sum_{j=1}^G r_j \right) = r_i - \frac{1}{G-1} \sum_{j=1, j\neq i}^G r_j$$",
        "refuted",
    ),
    # One index of a many-step transition was that of the state in between.
    "boyu-ai/Hands-on-RL 127": (
        r"$$\sum_{s_1} P_\pi(s, s_1) V(s_1) = \sum_{s_1} P_\pi(s,s_1) r_\pi(s_1) + \gamma \sum_{s_1}\sum_{s_2} P_\pi(s, s_2) P_\pi(s_1,s_2) V(s_2)$$",
        r"$$\sum_{s_1} P_\pi(s, s_1) V(s_1) = \sum_{s_1} P_\pi(s,s_1) r_\pi(s_1) + \gamma \sum_{s_1}\sum_{s_2} P_\pi(s, s_1) P_\pi(s_1,s_2) V(s_2)$$",
        "refuted",
    ),
    # A reward inside of a reward-to-go had the index of the outer sum.
    "openai/spinningup 83": (
        RUNS + r"\nabla J = \mathbb{E}_{\tau\sim\pi}\left[\sum_{t=0}^T \nabla\log\pi(a_t|s_t) \sum_{t'=t}^T \gamma^{t'} r_t\right]" + "\n$$\n",
        RUNS + r"\nabla J = \mathbb{E}_{\tau\sim\pi}\left[\sum_{t=0}^T \nabla\log\pi(a_t|s_t) \sum_{t'=t}^T \gamma^{t'} r_{t'}\right]" + "\n$$\n",
        "refuted",
    ),
    # The value of the next state stood for the action value, without the reward and the discount.
    "natolambert/rlhf-book 227": (
        r"$$A(s,a) = \sum_{s'} P(s'|s,a) V(s') - V(s)$$",
        r"$$A(s,a) = r(s,a) + \gamma \sum_{s'} P(s'|s,a) V(s') - V(s)$$",
        "refuted",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "right", "answer"), REPORTED.values(), ids=REPORTED)
def test_reported_error_is_found_and_its_correction_raises_no_alarm(wrong, right, answer):
    """Errors that readers reported of public notes, in words of our own."""
    found = audited(wrong).relations[-1]
    assert answer in (found.status, found.relation.reason)
    unweighted = r"\sum_{t=0}^{T}" in right  # such a sum of scores needs runs that end
    corrected = audited(right, "crossroads" if unweighted else "two-state")
    assert [r.status for r in corrected.relations] == ["proved"] * len(corrected.relations)


def test_reported_error_that_is_none_raises_no_alarm():
    """huggingface/deep-rl-class 180: log mu0(s_0) is missing under a gradient, which does not see it."""
    runs = r"\sum_{t=0}^{H} \log P(s_{t+1}|s_t,a_t) + \sum_{t=0}^{H} \log\pi_\theta(a_t|s_t)"
    note = r"$$\nabla_\theta \log P(\tau;\theta) = {}\nabla_\theta \left[ {}{} \right]$$"

    def status(factor: str, start: str) -> list[str]:
        return [
            r.status
            for r in audited(note.replace("{}", factor, 1).replace("{}{}", start + runs), "short-corridor").relations
        ]

    assert status("", "") == ["proved"]
    assert status("", r"\log \mu(s_0) + ") == ["proved"]
    assert status("2 ", "") == ["refuted"]


def test_what_is_true_without_chance_alone_is_not_called_proved():
    """log P(tau) without its transitions: true in the short corridor, which has none."""
    note = r"$$\log p_\theta(\tau) = \sum_t \log\pi_\theta(a_t|s_t)$$"
    assert [r.status for r in audited(note, None).relations] == ["refuted"]
    assert [
        r.status
        for r in audited(note.replace("=", r"= \log\rho_0(s_0) + \sum_t \log P(s_{t+1}|s_t,a_t) +"), None).relations
    ] == ["proved"]


def test_average_over_samples_is_its_mean_and_the_note_is_told_so():
    audit = audited(r"$$\nabla J = \frac1N \sum_{i=1}^N \nabla\log P(\tau^{(i)}) R(\tau^{(i)})$$", "short-corridor")
    assert [r.status for r in audit.relations] == ["proved"]
    assert (r"\frac{1}{N}\sum_{i=1}^N", "an average over samples stands for its mean") in audit.readings


def test_second_definition_of_a_name_is_a_statement():
    """The stationary distribution is not the sum of visits, and what is between the two is about the first."""
    found = audited(
        r"$$d(s) = \lim_{t\to\infty} \Pr(s_t = s)$$ $$J = \sum_s d(s) V(s)$$ $$d(s) = \sum_{t=0}^\infty \gamma^t \Pr(s_t = s)$$"
    )
    assert [r.status for r in found.relations] == ["a definition", "proved", "refuted"]
    assert dict(found.readings)["J"] == "stationary-value, for which line 1 is true"


def test_note_may_change_its_objective():
    """Once it has two, what follows is read with each; the formula of a run is still true for the first."""
    run = r"$$J = \mathbb{E}_{\tau\sim\pi}[R(\tau)]$$"
    note = run + r"$$\nabla J = \sum_s \mu(s) \nabla V(s)$$ $$J = \sum_s \mu(s) V(s)$$" + run
    found = audited(note, read_as=["mu: mu"])
    assert [r.status for r in found.relations] == ["proved", "refuted", "proved", "depends on the reading"]
    assert dict(found.readings)["J"].startswith("start-state, for which line 1 is true; from there on also stationary")


def test_note_without_a_discount_may_mean_none():
    """Bellman's equation without gamma is false with discount 9/10, and says nothing of a run that never ends."""
    bellman = r"$$V(s) = \sum_a \pi(a|s) \left( r(s,a) + \sum_{s'} P(s'|s,a) V(s') \right)$$"
    (found,) = audited(bellman, None).relations
    assert {(c.reading.undiscounted, c.model, str(c.verdict.status)) for c in found.cases} >= {
        (False, "two-state", "refuted"), (True, "crossroads", "proved"), (True, "two-state", "inapplicable")
    }  # fmt: skip
    assert found.status == "depends on the reading"


def test_unknown_meaning_is_refused():
    with pytest.raises(ClaimError, match=r"read: found 'weights' for d; a letter means mu, eta, d, mu0, pi'"):
        audited(THEOREM, read_as=["d: weights"])


def test_command_writes_the_audited_note(tmp_path: Path):
    note = tmp_path / "six.md"
    note.write_text(SIX, encoding="utf-8")
    out = tmp_path / "audited.md"
    call = [sys.executable, "-c", "from pgsym.cli import main; main()", "check", "two-state", str(note)]
    run = subprocess.run([*call, "-o", str(out)], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    assert run.stdout.splitlines()[-1] == "7 relations: 4 proved, 3 refuted"
    written = out.read_text(encoding="utf-8")
    assert [line for line in SIX.splitlines() if line not in written.splitlines()] == []
    assert written.count("> ✗ line") == 3
    assert written.count("<details>") == written.count("</details>") == 3
    beside = subprocess.run(call, capture_output=True, text=True, cwd=tmp_path.parent)
    assert beside.stderr == f"wrote {tmp_path / 'six.audited.md'}\n"
    assert (tmp_path / "six.audited.md").read_text(encoding="utf-8") == written
    run = subprocess.run([*call, "--json", "-o", str(out)], capture_output=True, text=True, cwd=tmp_path)
    assert json.loads(run.stdout)["relations"][2]["status"] == "refuted"


def test_nothing_is_written_where_nothing_can_be(tmp_path: Path, monkeypatch, capsys):
    """Nor anywhere else: checking leaves no file in the folder where it was called."""
    note = tmp_path / "bellman.md"
    note.write_text(r"$$V(s) = \sum_a \pi(a|s) Q(s,a)$$", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(typer.Exit):
        check_note(str(note), pgsym.zoo("two-state"), objective=None, read_as=[], method="auto", error_bits=100, seed=0,
                   out=None, as_json=False)  # fmt: skip
    assert capsys.readouterr().err == f"{tmp_path} is read-only: -o FILE writes the audited note\n"
    assert [path.name for path in tmp_path.iterdir()] == ["bellman.md"]


def test_value_beside_the_average_reward_is_not_refuted_as_a_discounted_one():
    r"""Poisson's equation writes V for the differential value; with a discount V is what it is, right or wrong."""
    note = (
        r"The average reward is $\bar r = \sum_s \mu(s) \sum_a \pi(a|s) r(s,a)$, where $\mu$ is the stationary distribution."
        + "\n\n$$J = \\bar r$$\n\n"
    )
    poisson = r"V(s) = \sum_a \pi(a|s) (r(s,a) - \bar r + \sum_{s'} P(s'|s,a) V(s'))"
    found = {
        formula: audited(f"{note}$${formula}$$").relations[-1].status
        for formula in (
            poisson,
            r"V(s) = r_\pi(s) + \gamma \sum_{s'} P_\pi(s,s') V(s')",
            r"V(s) = \gamma r_\pi(s)",
            "V(s) = V(s) + 0",
        )
    }
    assert list(found.values()) == ["inapplicable", "proved", "refuted", "proved"]


def test_order_that_is_not_decided_is_said_to_be_so():
    """Entropy lies above the parabola through its three known points; log t - log u >= 1 - u/t is too weak for that."""
    audit = audited(r"$$\sum_a \pi(a|s) \log\pi(a|s) \le 2 \log 2 \, (\sum_a \pi(a|s)^2 - 1)$$")
    assert (audit.relations[0].status, audit.holds, audit.summary) == ("undecided", False, "1 relation: 1 undecided")
    assert "> ? line 1: **undecided**" in audit.markdown()


def test_order_is_decided_like_an_equation():
    found = audited("$$V^\\pi(s) \\le V^*(s) = \\max_a Q^*(s,a)$$\n\n$$V^\\pi(s) \\ge \\max_a Q^\\pi(s,a)$$\n")
    assert [r.status for r in found.relations] == ["proved", "proved", "refuted"]


def test_only_meanings_that_matter_are_told_and_together():
    """The second line speaks of d alone, so that eta's three meanings are not multiplied with d's."""
    note = r"""Discounted by $\gamma$:
$$\nabla J = \sum_s \eta(s) \sum_a \nabla\pi(a|s) Q(s,a)$$
$$\nabla J = \mathbb{E}_{s\sim d, a\sim\pi}[\nabla\log\pi(a|s) Q(s,a)]$$
"""
    found = audit_note(NoteDocument.of(note, "note.md"), "two-state")
    assert [r.status for r in found.relations] == ["depends on the reading"] * 2
    assert [len(r.cases) for r in found.relations] == [3, 3]
    text = found.text()
    assert "     proved for start-state, d is eta\n     refuted for start-state, d is mu or d\n" in text
    assert "3  grad J = sum[s] eta(s) * sum[a] pi(a|s) * (grad log pi(a|s) * Q(s,a))\n" in text


def test_a_relation_between_quantities_in_a_line_of_text_is_read():
    note = r"Always $J \le J^*$ and $A(s,a) = Q(s,a) - V(s)$, for $\gamma = 0.9$ and $V = 3$."
    found = audit_note(NoteDocument.of(note, "note.md"), "two-state")
    assert [str(r.main.claim) for r in found.relations] == ["J <= J*", "A(s,a) == Q(s,a) - V(s)"]
