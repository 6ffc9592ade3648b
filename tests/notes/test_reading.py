# ruff: noqa: E501
"""What formulas are read as, and what is refused with which reason; a wrong reading is worse than none."""

import pytest

from pgsym.notes import audit_note
from pgsym.notes.conventions import conventions
from pgsym.notes.documents import NoteDocument
from pgsym.notes.names import Names, told
from pgsym.notes.note import read


def relations(*formulas: str, note: str = "", **names):
    """The relations of a note with these formulas, in the conventions that it shows."""
    document = NoteDocument.of(note + "\n\n".join(f"$$\n{f}\n$$" for f in formulas), "note.md")
    found = conventions(document)
    said = {key: meanings for key, (meanings, _) in found.said.items()}
    return read(
        document,
        Names({}, said | told(names.get("read_as", ())), found.origin, found.letters, rewards=found.rewards),
    )


def read_as(*formulas: str, **names) -> list[str]:
    return [str(r.claim) if r.claim else f"refused: {r.reason}" for r in relations(*formulas, **names) if not r.defines]


READ = {
    r"\frac12V(s) = \tfrac\gamma23": "1/2 * V(s) == gamma / 2 * 3",
    r"\nabla J \nabla J^\top \succeq 0": "outer(grad J, grad J) >= 0",
    r"V(s) \leqq V^*(s)": "V(s) <= V*(s)",
    r"J \stackrel{(a)}{=} V(s_0)": "J == sum[s0] mu0(s0) * V(s0)",
    r"V(s) \overset{\text{def}}{\neq} J": "V(s) != J",
    r"r_{\pi'}(s) = r_\pi(s)": "r_pi'(s) == r_pi(s)",
    r"P^{\pi'}(s'|s) = P_\pi(s,s')": "P_pi'(s,s') == P_pi(s,s')",
    r"\mathcal{R}^\pi_s \neq \mathcal{R}^{\pi'}_s": "r_pi(s) != r_pi'(s)",
    r"G_t = r_t + \gamma G_{t+1}": "E[tau] sum[t] (1/2)^t * (G_t - (r_t + gamma * G_{t+1}))^2 == 0",
    r"\mu(s') = \sum_s \mu(s) P_\pi(s,s')": "mu(s') == sum[s] mu(s) * P_pi(s,s')",
    r"J = V(s_0)": "J == sum[s0] mu0(s0) * V(s0)",
    r"\nabla V(s_0) = 0": "grad V(s0) == 0",
    r"V^\pi(\rho) = \mathbb{E}_{s_0\sim\rho}[V^\pi(s_0)]": "sum[s90] mu0(s90) * V(s90) == sum[s0] mu0(s0) * V(s0)",
    r"\sum_s \mu(s) = \sum_s \mu(s) \sum_s \frac{\mu(s)}{\sum_s \mu(s)}":
        "sum[s] mu(s) == sum[s] mu(s) * sum[s7] mu(s7) / (sum[s9] mu(s9))",
    r"\nabla J = \mathbb{E}_\pi\left[ G_t \frac{\nabla \pi(A_t|S_t)}{\pi(A_t|S_t)} \right]":
        "grad J == sum[s] mu(s) * E[tau | s_0=s] G_0 * (grad pi(a_0|s_0) / pi(a_0|s_0))",
    r"\mathbb{E}_\pi[r + \gamma V(s') \mid s, a] - V(s) = A(s,a)":
        "sum[s'] P(s'|s,a) * (r(s,a) + gamma * V(s')) - V(s) == A(s,a)",
    r"J = \mathbb{E}_{\tau\sim\tilde\pi}\left[ \prod_{t=0}^T \frac{\pi(a_t|s_t)}{\tilde\pi(a_t|s_t)} R(\tau) \right]":
        "J == E[tau~pi'] (prod[t] pi(a_t|s_t) / pi'(a_t|s_t)) * G",
    r"J = \mathbb{E}_{\tau\sim\tilde\pi}\left[ \prod_{t=0}^T \frac{\pi(a_t|s_t)}{\tilde\pi(a_t|s_t)} \sum_{t=0}^T \gamma^t r_t \right]":
        "J == E[tau~pi'] (prod[t] pi(a_t|s_t) / pi'(a_t|s_t)) * sum[t] gamma^t * r_t",
    r"J = \mathbb{E}_{\tau\sim\tilde\pi}\left[ \sum_{t=0}^T \gamma^t \prod_{k=0}^t \frac{\pi(a_k|s_k)}{\tilde\pi(a_k|s_k)} r_t \right]":
        "J == E[tau~pi'] sum[t] (gamma^t * prod[k<=t] pi(a_k|s_k) / pi'(a_k|s_k)) * r_t",
    r"J = \int_{(s,a)} \mu(s) \pi(a|s) r(s,a) ds da": "J == sum[s,a] mu(s) * pi(a|s) * r(s,a)",
    r"J = \mathbb{E}_\pi[r]": "J == sum[s] mu(s) * sum[a] pi(a|s) * r(s,a)",
    r"V^{\pi'}(s) = r_{\pi'}(s) + \gamma \sum_{s'} P_{\pi'}(s'|s) V^{\pi'}(s')":
        "V'(s) == r_pi'(s) + gamma * sum[s'] P_pi'(s,s') * V'(s')",
    r"J = \sum_s d(s;\theta') V(s) + \mathbb{E}_{s\sim d(s;\theta)}[V(s)]":
        "J == sum[s] mu'(s) * V(s) + sum[s] mu(s) * V(s)",
    r"V^{\pi_{\mathrm{old}}}(s) = \sum_a \pi_{\theta_{\mathrm{old}}}(a|s) Q^{\pi_{\text{old}}}(s,a)":
        "V'(s) == sum[a] pi'(a|s) * Q'(s,a)",
    r"V(s;\theta') = \sum_a \pi(a|s;\theta') Q(s,a;\theta)": "V'(s) == sum[a] pi'(a|s) * Q(s,a)",
    r"J = \mathbb{E}_{\tau\sim p(\tau|\theta')}[R(\tau)]": "J == E[tau~pi'] G",
    r"V^*(s) = \max_{a\in\mathcal{A}_{s}} Q^*(s,a) + \max_{a'\in\mathcal{A}(s')} 0 \cdot Q^*(s',a')":
        "V*(s) == max[a] Q*(s,a) + max[a'] 0 * Q*(s',a')",
    r"\sum_{s\in\mathcal{S}^+} \mu(s) = \int_{-\infty}^\infty \pi(a|s) da": "sum[s] mu(s) == sum[a] pi(a|s)",
    r"\mathcal{R}^{\pi'}_s + \mathcal{P}^{\pi'}_{ss'} = r^{\pi'}(s) + P^{\pi'}(s,s')":
        "r_pi'(s) + P_pi'(s,s') == r_pi'(s) + P_pi'(s,s')",
    r"V(s) = \mathcal{R}^\pi_s + \gamma \sum_{s'} \mathcal{P}^\pi_{ss'} V(s'), \quad \text{for all } s \in \mathcal{S}":
        "V(s) == r_pi(s) + gamma * sum[s'] P_pi(s,s') * V(s')",
    r"\mathbb{E}_\tau[\nabla\log\pi(a_t|s_t) b(s_t)] = 0": "E[tau] sum[t] z^t * (grad log pi(a_t|s_t) * b(s_t)) == 0",
    r"\nabla J = \sum_t \mathbb{E}_{\tau_{:t}\sim\pi}\left[ \nabla\log\pi(a_t|s_t) \mathbb{E}_{\tau_{t:}\sim\pi}[G_t | \tau_{:t}] \right]":
        "grad J == E[tau] sum[t] grad log pi(a_t|s_t) * G_t",
    r"Q(s_t,a_t) = \mathbb{E}_{\tau_{t:}}[G_t | s_t, a_t]": "Q(s,a) == E[tau | s_0=s, a_0=a] G_0",
    r"J' = \mathbb{E}_{s_0,a_0,\ldots\sim\tilde\pi}[R(\tau)]": "J' == E[tau~pi'] G",
    r"J = \frac{1}{|\mathcal{D}|} \sum_{\tau\in\mathcal{D}} R(\tau)": "J == E[tau] G",
    r"J = \mathbb{E}_\tau\left[ \sum_{t=0}^\infty \gamma^t \sum_{l=0}^\infty (\gamma\lambda)^l r_{t+l} \right]":
        "J == E[tau] sum[t] gamma^t * sum[l>=t] (gamma * lambda)^(l-t) * r_l",
    r"\nabla J^\top \nabla J = \|\nabla J\|_2^2": "dot(grad J, grad J) == dot(grad J, grad J)",
    r"\nabla J \cdot \nabla J = 2 \gamma \nabla J^\top \nabla^2 J \nabla J / 3":
        "dot(grad J, grad J) == 2 * gamma * dot(grad J, dot(grad grad J, grad J)) / 3",
    r"\nabla^2 J = \mathbb{E}_\tau[R(\tau) \nabla\log P(\tau) \nabla\log P(\tau)^\top]":
        "grad grad J == E[tau] G * outer(grad log P(tau), grad log P(tau))",
    r"\mathrm{tr}(\nabla^2 J) = (\nabla J(\theta))^T \left( \nabla^2 J \right)^{-1} \nabla J":
        "trace grad grad J == dot(grad J, dot(inv(grad grad J), grad J))",
    r"\mathrm{Var}_{\tau\sim\pi}[R(\tau)] = \mathbb{V}_\tau(R(\tau))": "Var[tau] G == Var[tau] G",
    r"\text{Cov}_{\tau\sim\pi}(R(\tau), r_0 \mid s_0 = s) = 0": "Cov[tau | s_0=s](G, r_0) == 0",
    r"\mathrm{Var}_{a\sim\pi}(Q(s,a)) = \mathbb{E}_{a\sim\pi}[Q(s,a)]^2":
        "sum[a] pi(a|s) * (Q(s,a) * Q(s,a)) - (sum[a] pi(a|s) * Q(s,a)) * sum[a] pi(a|s) * Q(s,a) == (sum[a] pi(a|s) * Q(s,a))^2",
    r"V(s) = \sum_{s'} \rho^\pi(s \to s', 2, \pi) V(s')": "V(s) == sum[s'] (sum[s91] P_pi(s,s91) * P_pi(s91,s')) * V(s')",
    r"J = \dots = V(s)": "J == V(s)",
    r"J \approx \frac1N \sum_{i=1}^N R(\tau^{(i)})": "J == E[tau] G",
    r"J = \frac{1}{N} \sum_{i=1}^N R(\tau^{(i)})": "J == E[tau] G",
    r"\nabla J = \frac1N \sum_{n=1}^N \sum_{t=0}^{T_n} \nabla\log\pi(a_t^n|s_t^n) R(\tau^n) + \nabla J":
        "grad J == E[tau] sum[t] grad log pi(a_t|s_t) * G + grad J",
    r"\nabla J = \frac1N \sum_{i=1}^N \sum_{t=0}^T \nabla\log\pi(a_{i,t}|s_{i,t}) R(\tau_i)":
        "grad J == E[tau] sum[t] grad log pi(a_t|s_t) * G",
    r"J(\theta)^2 = J^{2}": "J^2 == J^2",
    r"Q(s,a) = \mathcal{R}_s^a + \gamma \sum_{s'} \mathcal{P}_{ss'}^a V(s')": "Q(s,a) == r(s,a) + gamma * sum[s'] P(s'|s,a) * V(s')",
    r"V(s) = \mathbb{E}_{\tau\sim\pi \mid s_0 = s}[R(\tau)]": "V(s) == E[tau | s_0=s] G",
    r"V^\pi(s) = \sum_{a \in \mathcal{A}} \pi(a|s) Q^\pi(s,a)": "V(s) == sum[a] pi(a|s) * Q(s,a)",
    r"V_{\pi_\theta}(s) = \mathbb{E}_{a\sim\pi_\theta(\cdot\mid s)}\left[ Q_{\pi_\theta}(s,a) \right]":
        "V(s) == sum[a] pi(a|s) * Q(s,a)",
    r"Q(s,a) = r(s,a) + \gamma \sum_{s' \in S} P(s'|s,a)\, V(s')": "Q(s,a) == r(s,a) + gamma * sum[s'] P(s'|s,a) * V(s')",
    r"Q(s_t, a_t) = r(s_t, a_t) + \gamma \mathbb{E}_{s_{t+1} \sim P(\cdot|s_t,a_t)}[V(s_{t+1})]":
        "Q(s,a) == r(s,a) + gamma * sum[s'] P(s'|s,a) * V(s')",
    r"\nabla_\theta J(\theta) = \sum_s \eta(s) \sum_a \nabla \pi_\theta(a|s) Q(s,a)":
        "grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
    r"\int_{a \in A} Q(s,a) \nabla_\theta d\pi(a \vert s;\theta) = \int_{\mathcal A} \nabla \pi(a|s) Q(s,a) \, da":
        "sum[a] grad pi(a|s) * Q(s,a) == sum[a] grad pi(a|s) * Q(s,a)",
    r"\nabla J = \nabla \int_s \int_a Q(s,a) d\pi(a|s) d\mu(s)": "grad J == grad sum[s] mu(s) * sum[a] pi(a|s) * Q(s,a)",
    r"J(\pi_\theta) = \mathbb{E}_{\tau\sim\pi_\theta}[R(\tau)]": "J == E[tau] G",
    r"\nabla J = E_{\tau \sim p_\theta(\tau)} \Big[ \sum_{t=0}^{T} \nabla_\theta \log \pi_\theta(a_t|s_t) R(\tau) \Big]":
        "grad J == E[tau] sum[t] grad log pi(a_t|s_t) * G",
    r"\nabla J = \mathbb{E}_\pi \left[ \sum_{t=0}^\infty \gamma^t \nabla \ln \pi(a_t|s_t) \sum_{t'=t}^{\infty} "
    r"\gamma^{t'-t} r_{t'} \right]":
        "grad J == E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * sum[t'>=t] gamma^(t'-t) * r_{t'}",
    r"V(s) = \mathbb{E}_\pi\left[ \sum_{k=0}^\infty \gamma^k r_{t+k} \,\middle|\, s_t = s \right]":
        "V(s) == E[tau | s_0=s] sum[k] gamma^k * r_k",
    r"Q(s,a) = \mathbb{E}_{\tau\sim\pi}[R(\tau) | s_0 = s, a_0 = a]": "Q(s,a) == E[tau | s_0=s, a_0=a] G",
    r"J = \sum_{t=0}^\infty \mathbb{E}_{\tau\sim\pi}[\gamma^t r(s_t,a_t)]": "J == E[tau] sum[t] gamma^t * r(s_t,a_t)",
    r"\sum_\tau P(\tau;\theta) R(\tau) = J(\theta)": "E[tau] G == J",
    r"\nabla J = \sum_\tau \nabla_\theta P(\tau|\theta) R(\tau)": "grad J == E[tau] grad log P(tau) * G",
    r"\nabla J = \int_\tau P(\tau|\theta) \nabla_\theta \log P(\tau|\theta) R(\tau) d\tau":
        "grad J == E[tau] grad log P(tau) * G",
    r"J(\tilde\pi) - J(\pi) = \sum_s \rho_{\tilde\pi}(s) \sum_a \tilde\pi(a|s) A_\pi(s,a)":
        "J' - J == sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)",
    r"\nabla_\theta \log \pi(a|s) = \frac{\nabla_\theta \pi(a|s)}{\pi(a|s)}": "grad log pi(a|s) == grad pi(a|s) / pi(a|s)",
    r"\frac{\partial J}{\partial \theta} = \nabla J": "grad J == grad J",
    r"\frac{\partial J}{\partial \theta_i} = \sum_s \eta(s) \sum_a \frac{\partial \pi(a|s)}{\partial \theta_i} Q(s,a)":
        "grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
    r"\sum_a \frac{\partial}{\partial \theta_j} \pi(a|s) = 0": "sum[a] grad pi(a|s) == 0",
    r"J = \frac{1}{1-\gamma} \mathbb{E}_{s\sim d^\pi, a\sim\pi}[r(s,a)]":
        "J == 1 / (1 - gamma) * sum[s] mu(s) * sum[a] pi(a|s) * r(s,a)",
    r"\nabla J \propto \mathbb{E}_\pi[\nabla\log\pi(a|s) Q(s,a)]":
        "grad J propto sum[s] mu(s) * sum[a] pi(a|s) * (grad log pi(a|s) * Q(s,a))",
    r"V(s) = \mathbb{E}_\pi[Q(s,a)]": "V(s) == sum[a] pi(a|s) * Q(s,a)",
    r"∇J = ∑_s μ(s) ∑_a ∇π(a|s) Q(s,a)": "grad J == sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)",
    r"\sum_{x\in\mathcal{S}} \mu(x) = 1": "sum[s7] mu(s7) == 1",
    r"P_\pi^2(s_0 \to s_2) = \sum_{s_1} P_\pi(s_0 \to s_1) P_\pi(s_1 \to s_2)":
        "sum[s91] P_pi(s0,s91) * P_pi(s91,s2) == sum[s1] P_pi(s0,s1) * P_pi(s1,s2)",
    r"\sum_s V(s) \sum_{k=0}^\infty \gamma^k P_\pi^k(s_0 \to s) = V(s_0)":
        "sum[s] V(s) * E[tau | s_0=s0] sum[k] gamma^k * 1[s_k=s] == V(s0)",
    r"V(s_t) = \sum_{t'=t}^T E_{\pi_\theta}\left[ r(s_{t'}, a_{t'}) | s_t \right]":
        "V(s) == E[tau | s_0=s] sum[t'] r(s_{t'},a_{t'})",
    r"J' = \sum_{t=0}^\infty \sum_s \gamma^t P(s_t=s|\tilde\pi) \sum_a \tilde\pi(a|s) r(s,a)":
        "J' == E[tau~pi'] sum[t] gamma^t * sum[s] 1[s_t=s] * sum[a] pi'(a|s) * r(s,a)",
    r"J = \sum_{t=0}^T E_{(s_t,a_t)\sim p_\theta(s_t,a_t)}[r(s_t,a_t)]": "J == E[tau] sum[t] r(s_t,a_t)",
    r"J = E_\pi\left[\sum_{t=0}^T \gamma^t r_t \sum_{t=0}^T \log\pi(a_t|s_t)\right]":
        "J == E[tau] sum[t] gamma^t * r_t * sum[u] log pi(a_u|s_u)",
    r"v_\pi(s) = \sum_a \pi(a|s) \sum_{s',r} p(s',r|s,a) \left[ r + \gamma v_\pi(s') \right]":
        "V(s) == sum[a] pi(a|s) * sum[s'] P(s'|s,a) * (r(s,a,s') + gamma * V(s'))",
    r"q_*(s,a) = \sum_{s'} \sum_r p(s',r|s,a) [r + \gamma \max_{a'} q_*(s',a')]":
        "Q*(s,a) == sum[s'] P(s'|s,a) * (r(s,a,s') + gamma * max[a'] Q*(s',a'))",
    r"\sum_{a} \sum_{s\in\mathcal{S}} \mu(s) \nabla\pi(a|s) = 0": "sum[s,a] mu(s) * grad pi(a|s) == 0",
    r"\nabla\log P(\tau^{(i)}) = \sum_{t=0}^H \nabla\log\pi(a_t^{(i)}|s_t^{(i)})":
        "E[tau] dot(grad log P(tau) - sum[t] grad log pi(a_t|s_t), grad log P(tau) - sum[t] grad log pi(a_t|s_t)) == 0",
    r"\nabla p_\theta(\tau) = p_\theta(\tau) \nabla_\theta \log p_\theta(\tau)":
        "E[tau] dot(grad log P(tau) - grad log P(tau), grad log P(tau) - grad log P(tau)) == 0",
    r"V^\pi(s) \leq V^\star(s)": "V(s) <= V*(s)",
    r"v_*(s) = \max_a q_*(s,a)": "V*(s) == max[a] Q*(s,a)",
    r"V^{\pi^*}(s) = \max_{a\in\mathcal{A}} \left[ r(s,a) + \gamma \sum_{s'} P(s'|s,a) V^*(s') \right]":
        "V*(s) == max[a] (r(s,a) + gamma * sum[s'] P(s'|s,a) * V*(s'))",
    r"J(\pi^*) = \max_\pi J(\pi) \ge J(\pi)": "J* == J*",
    r"\sup_\pi Q^\pi(s,a) = Q^*(s,a)": "Q*(s,a) == Q*(s,a)",
    r"|V(s)| \le \frac{\max_{s,a} \lvert r(s,a) \rvert}{1-\gamma}":
        "abs(V(s)) <= (max[s,a] abs(r(s,a))) / (1 - gamma)",
    r"\sum_a |\pi'(a|s) - \pi(a|s)| \le 2": "sum[a] abs(pi'(a|s) - pi(a|s)) <= 2",
    r"\|V\|_\infty \le \frac{r_{\max}}{1-\gamma}": "max[s] abs(V(s)) <= (max[s,a] abs(r(s,a))) / (1 - gamma)",
    r"\lVert Q^\pi - Q^* \rVert_\infty \ge 0": "max[s,a] abs(Q(s,a) - Q*(s,a)) >= 0",
    r"\sum_s \mu(s) |V(s)| \le R_{\max} \sum_s \mu(s)": "sum[s] mu(s) * abs(V(s)) <= (max[s,a] abs(r(s,a))) * sum[s] mu(s)",
    r"D_{KL}(\pi \| \pi') \ge 0": "sum[a] pi(a|s) * log (pi(a|s) / pi'(a|s)) >= 0",
    r"0 \le \mathrm{KL}(\tilde\pi \,||\, \pi_\theta)": "0 <= sum[a] pi'(a|s) * log (pi'(a|s) / pi(a|s))",
    r"J' - J \ge D_\text{KL}\left(\pi(\cdot|s) \parallel \pi'(\cdot|s)\right)": "J' - J >= sum[a] pi(a|s) * log (pi(a|s) / pi'(a|s))",
    r"\mathbb{E}_{s\sim\mu}[D_{KL}(\pi(\cdot|s) \| \pi'(\cdot|s))] \ge 0": "sum[s] mu(s) * sum[a] pi(a|s) * log (pi(a|s) / pi'(a|s)) >= 0",
    r"0 \le D_{KL}(\pi_{\theta'}, \pi_\theta)": "0 <= sum[a] pi'(a|s) * log (pi'(a|s) / pi(a|s))",
    r"a \in \arg\max_{a'} Q(s,a'), \quad \forall s, a": "Q(s,a) >= max[a'] Q(s,a')",
    r"a \in \operatorname*{argmax}_{a'\in\mathcal{A}} Q^*(s,a') \quad \forall a \in \mathcal{A}": "Q*(s,a) >= max[a'] Q*(s,a')",
    r"\sum_{s'} P(s'|s,a) = 1, \; \forall s \in \mathcal{S}, a": "sum[s'] P(s'|s,a) == 1",
    r"|V(s) + J| < |V(s)| + |J|": "abs(V(s) + J) < abs(V(s)) + abs(J)",
    r"V(s) > \min_a Q(s,a)": "V(s) > min[a] Q(s,a)",
    r"\nabla_\theta \log P(\tau|\theta) = \sum_{t=0}^T \nabla_\theta \log \pi(a_t|s_t)":
        "E[tau] dot(grad log P(tau) - sum[t] grad log pi(a_t|s_t), grad log P(tau) - sum[t] grad log pi(a_t|s_t)) == 0",
}  # fmt: skip


@pytest.mark.parametrize(("latex", "claim"), READ.items())
def test_formula_is_read_as(latex, claim):
    assert read_as(latex)[0] == claim


OTHER = "; quantities of the policy pi are read, and of a second one, pi'"
CONDITION = "found a condition; statements without conditions are read"
SECONDS = "found two policies beside \\pi, {}; one is read. Write \\pi for one of them"
IMPLIES = "found one statement that implies another: is it said to be true? Write those that are in rows"
REFUSED = {
    r"J = \sum_s \mu(s) \sum_a \pi_\theta^{old}(a|s) Q(s,a)": f"found \\pi with \\pi_\\theta^old{OTHER}",
    r"1 = \sum_a \pi_\theta^{(i)}(a|s)": "found \\pi with \\pi_\\theta^(i), a sample or an estimate; quantities of the policy are read",
    r"Q(s,a;\theta^-) = Q(s,a)": f"found Q with \\theta^-{OTHER}",
    r"V(s) = 0 \quad \text{if } s \in T": CONDITION,
    r"V(s) = 0 \quad \text{if s is terminal}": CONDITION,
    r"V^\pi(s) = V^*(s) \text{ for optimal } \pi": CONDITION,
    r"V(s) = V^*(s), \quad \forall s \in \mathcal{S}_0": CONDITION,
    r"V(s) = V(s), \forall s \in \mathcal{S} \setminus T": CONDITION,
    r"Q(s,a) = V(s), \forall s, \forall a: \pi(a|s) > 0": CONDITION,
    r"V(s) = V(s'), \quad s = s'": CONDITION,
    r"V(s) \neq V(s'), \quad s \neq s'": CONDITION,
    r"\mathbb{E}_\tau[r_t] = 0, \quad \forall t \ge 1": CONDITION,
    r"Q(s,a) = V(s) \implies A(s,a) = 0": IMPLIES,
    r"J(\pi_{new}) - J(\pi_{old}) = 0": SECONDS.format("\\pi_new and \\pi_old"),
    r"\pi^{new}(a|s) = \pi^{old}(a|s)": SECONDS.format("\\pi_new and \\pi_old"),
    r"J(\pi') = J(\tilde\pi)": SECONDS.format("\\pi' and \\tilde{\\pi}"),
    r"V^{\theta_{old}}(s) = V^{\theta'}(s)": SECONDS.format("\\pi' and \\pi_old"),
    r"Q(s,a) = V(s) \iff A(s,a) = 0": IMPLIES,
    r"V(s;w) = V(s)": f"found V with w{OTHER}",
    r"P(\tau|s_0) = P(\tau)": f"found P with s_0{OTHER}",
    r"P(\tau|\theta') = P(\tau)": "found the probability of a run under the second policy",
    r"V(s) = \mathbb{E}_{s'\sim P'(\cdot|s,a)}[V(s')]": "found transitions of the second policy; they are the model's",
    r"V(s) = \max_a' Q(s,a)": "found \\max with a prime, which has no meaning here. Set an index with a prime in braces",
    r"1 = \sum_{s\in\mathcal{S}_0} \mu(s)": "found a sum over \\mathcal{S}_0; those over all states or actions are read",
    r"V(s) = \max_{a\in A'(s)} Q(s,a)": "found a sum over A'(s); those over all states or actions are read",
    r"1 = \int_0^1 \mu(s) ds": "found an integral up to 1; those over all states or actions are read",
    r"J(\pi_{new}) = J(\pi_{old})": "found two policies beside \\pi, \\pi_new and \\pi_old; one is read. Write \\pi for one of them",
    r"V^{\tilde\pi}(s) = V^{\pi_{\theta'}}(s)": "found two policies beside \\pi, \\pi' and \\tilde{\\pi}; one is read. Write \\pi for one of them",
    **{
        rf"1 = {latex}": f"found {latex.partition('(')[0]}: a prime marks the second policy, as in J' and V^{{\\pi'}}; "
        "another model, or a third policy, is not read"
        for latex in (r"\gamma'", "r'(s,a)", "P'(s'|s,a)", "r'_t", "G'_0", "p'(a|s)", r"\pi''(a|s)", "J''")
    },
    r"J = \mathbb{E}_{s\sim\mu,a\sim\pi,s'\sim P'(\cdot|s,a)}[V(s')]": "found transitions of the second policy; they are the model's",
    **dict.fromkeys(
        (r"V(s_t) = \mathbb{E}_\pi[r_t + \gamma V(s_{t+1})]", r"\mathbb{E}_\pi[G_t] = V(s_t)"),
        "found a mean over pi of step t beside s_t outside of it: is it given s_t? Write | s_t",
    ),
    r"J = \mathbb{E}_\tau[R^{\pi'}(\tau)]":
        "found R(\\tau) with a second policy; a return is that of a run. Leave it out",
    r"1 = \sum_\tau P'(\tau)": "found the probability of a run under the second policy",
    r"V(s)^10 = V(s)": "found ^10 without braces: is it ^{10}? Write braces",
    r"V(s)/2\gamma = V(s)":
        "found a factor beside a divisor: does it stand below the line? Write \\frac, \\cdot or brackets",
    **dict.fromkeys(
        (r"\nabla\gamma V(s) = \gamma\nabla V(s)", r"\nabla\frac12 V(s)^2 = V(s) \nabla V(s)", r"\alpha\nabla J = \nabla\alpha J"),
        "found grad of a number with factors behind it: are they under it too? Write brackets",
    ),
    r"e^{V(s)} = 1": "found a power of e, an exponential, which is not read in a formula",
    r"e_t = \gamma e_{t-1} + r_t": "found a definition by itself, a recursion. Write it out as a sum",
    r"J'_\phi = J": "found J with \\phi; quantities of the policy pi are read, and of a second one, pi'",
    r"J = \mathbb{E}_{\tau\sim\pi'}\left[ \prod_t \frac{\pi(a_t|s_t)}{\pi'(a_t|s_t)} R(\tau) r_t \right]":
        "found a product over t of which it is not clear where it ends. Write brackets",
    r"J = \int_{\tau_{0:t}} r_t p(\tau_{0:t}) d\tau_{0:t}":
        r"found an integral over a segment of a run; means are read. Write \mathbb{E}_{\tau_{:t}}[x]",
    r"J = \int_{(s,a)} \mu(s) \pi(a|s) r(s,a) ds": "found an integral over a pair without its two measures, as in ds da",
    r"J = \int_{(s_t,a_t)} p_\theta(s_t) \pi(a_t|s_t) r(s_t,a_t) ds_t da_t":
        "found p_\\theta(s_t), the distribution at one time; stationary ones and visits are read",
    r"J = \frac1N \sum_{i=1}^N \frac{\pi(a_0^i|s_0^i)}{\pi_{old}(a_0^i|s_0^i)} R(\tau^i)":
        "found an average over samples beside a second policy: from which one are they? Write the mean",
    r"J = \mathbb{E}\left[ \sum_t \frac{\pi(a_t|s_t)}{\pi_{old}(a_t|s_t)} r_t \right]":
        "found a mean beside a second policy that does not say over what. Write what is drawn",
    r"V(s) = \mathbb{E}_{a\sim\pi_\phi}[Q(s,a)]": "found \\pi with \\pi_\\phi; quantities of the policy pi are read, and of a second one, pi'. "
        "If it is that one, say --read \"\\pi_\\phi: pi'\"",
    r"\pi'_\phi(a|s) = \pi(a|s)": "found \\pi' with \\pi_\\phi; quantities of the policy pi are read, and of a second one, pi'",
    r"\sum_s \mu'_\phi(s) = 1": "found \\mu with \\phi; quantities of the policy pi are read, and of a second one, pi'",
    r"A^*(s,a) = Q(s,a)": "found A with *; optimal quantities are V^*, Q^*, h^* and J^*",
    r"V_\pi^*(s) = V(s)": "found V with \\pi*; optimal quantities are V^*, Q^*, h^* and J^*",
    r"V_\phi(s) = V(s)": "found V with \\phi; quantities of the policy pi are read, and of a second one, pi'",
    r"J = V(s), Q(s,a)": "found a comma between factors. Complete the formula",
    r"V^*(s) = \max_a r(s,a) + \gamma \sum_{s'} P(s'|s,a) V^*(s')":
        "found a after a max or min over it: does that go so far? Write brackets",
    r"J^* = \max_\theta J(\theta)": "found a max over policies; \\max_\\pi of V, Q, h and J is read",
    r"V(s) = \max Q(s,a)": "found a max of numbers; those over states and actions are read",
    r"J' - J \le \epsilon": "found epsilon in an order, which the note does not define. Define it, as in x := ...",
    r"0 \le \gamma < 1": "found an order of numbers, a condition and no statement",
    r"V^ = J": "found the end where a command or an index needs something. Complete the formula",
    r"J \ll 3": "found \\ll, which does not say how much smaller a side is; it is shown, not decided",
    r"|J|V(s)|J| \le 2": "found several bars, of which it is not clear which opens. Write brackets",
    r"P_\pi^k(s_0 \to s) = 1": "found k steps; a number, or a sum over them from 0, is read",
    r"V(s) = \sum_{s',r} p(s',r|s,a) [r + \gamma V(s')]^2":
        "found a sum over rewards of what is not P(s',r|s,a), or not linear in r",
    r"V(s) = \sum_{s',r} p(s',r|s,a) |r|": "found a sum over rewards of what is not P(s',r|s,a), or not linear in r",
    r"J = E_{(s,a)\sim d}[r(s,a)]": "found (s,a) drawn together from d. Draw one after the other",
    r"\nabla\log P(\tau^{(i)}) = \sum_{i=1}^N \nabla\log P(\tau^{(i)})": "found \\tau^(i) where a state or an action should stand; they are called s and a",
    r"J = \sum_s d(s) \pi(a|s) Q(s,a)": "found a without a sum over it, inside of a sum over s: a sum is missing",
    r"\log P(\tau) = \sum_{t=0}^T \log\pi(a_t|s_t) + \log P(s_{t+1}|s_t,a_t)":
        "found t both in a sum over it and behind that: how far does the sum go? Write brackets",
    r"P(s_i|s_j,a) \ge 0": "found s_i, a state or an action by its number, or two times",
    r"V(s_k) = V(s_t)": "found s_t, a state or an action by its number, or two times",
    r"V(s_0) = \sum_{k=0}^T 1": "found a sum over k of what does not depend on it: how many steps?",
    r"J = |\mathcal{S}|": "found |\\mathcal{S}|: do terminal states count? Write a sum of 1",
    r"J \approx V(s)": "found \\approx, which does not say how close the sides are; it is shown, not decided",
    r"\theta \leftarrow \theta + \nabla J": "found an assignment, which is no statement",
    r"J^2 = (\frac{1}{N} \sum_{i=1}^N R(\tau^{(i)}))^2":
        "found 1/N before a sum, a mean over samples; means are read, samples are not",
    r"J = \frac{1}{N} \sum_{i=1}^N i R(\tau^{(i)})":
        "found 1/N before a sum, a mean over samples; means are read, samples are not",
    r"J = \frac{1}{N} \sum_{i=1}^M R(\tau^{(i)})":
        "found 1/N before a sum, a mean over samples; means are read, samples are not",
    r"J = \frac{1}{N} \sum_{i=1}^N V(s)":
        "found 1/N before a sum, a mean over samples; means are read, samples are not",
    r"J = \mathbb{E}[R(s,a)]": "found an expectation that does not say over what. Write what is drawn",
    r"J = \left[ V(s) \right": "found [ without its other bracket; brackets come in pairs. Correct it",
    r"J = {V(s)": "found LaTeX that does not close (Unexpected end of stream, was expecting '}'). Correct it",
    r"J = V(s_0)^2": "found s_0, on one side only: nothing says what it is drawn from",
    r"J = \sum_s w(s) V(s)": "found w(s); w has no such meaning, and the note does not define it before this place. Define it, "
        "as in x := ...",
    r"V(s) = \nabla Q(s,a)^2": "found grad before a power: of the power, or a power of it? Write brackets",
    r"\frac{\partial J}{\partial \theta_i} = \nabla J": "found a derivative by \\theta_i; gradients by theta are read",
    r"\sum_i \frac{\partial J}{\partial \theta_i} = 0": "found a derivative by \\theta_i; gradients by theta are read",
    r"\frac{\partial J}{\partial \theta_i} = \frac{\partial J}{\partial \theta_j}": "found a derivative by \\theta_i; gradients by theta are read",
    r"\frac{\partial J_i}{\partial \theta_i} = 0": "found a derivative by \\theta_i; gradients by theta are read",
    r"\frac{\partial J}{\partial \theta_i} \neq 0": "found a derivative by \\theta_i; gradients by theta are read",
    r"\|\frac{\partial J}{\partial \theta_i}\|^2 = 0": "found a derivative by \\theta_i; gradients by theta are read",
    r"\nabla_\phi J = 0": "found a gradient by \\phi; gradients by theta are read",
    r"J = \mathbb{E}_{s\sim d^\pi_t}[V(s)]": "found d_t^\\pi, the distribution at one time; stationary ones and visits are read",
    r"J = \mathbb{E}_{\tau}[\sum_{t=0}^{T} r_t + \sum_{t=0}^{T-1} r_t]":
        "found sums to T and to T-1 in one relation: which is the last step?",
    r"J = \int_s V(s)": "found an integral without what it is taken over, as in da or d\\mu(s)",
    r"J = \sum_t \mathbb{E}_{\tau_{:t}}[G_t]": "found other times than t in a mean over the steps up to t",
    r"J = \sum_t \mathbb{E}_{\tau_{:t}}[r_{t+1}]": "found other times than t in a mean over the steps up to t",
    r"J = R(\tau_{t:})": "found \\tau_t:, a segment of a run; means over the steps up to a time, and from a time on given its "
        "state, are read",
    r"J = \mathbb{E}_\tau[r_t]": "the time t is not bound; sum over it, as in sum[t]",
    r"\theta_{t+1} = \theta_t + \nabla J": "found theta by itself: steps in the space of parameters are not read",
    r"J = V(s) \text{ where } Q(s,a)": "found words inside of a formula; symbols are read. Move them beside it",
    r"\nabla J = \nabla_\theta V(s)^\top":
        "found a transposed vector that nothing follows. Write the product, or no transpose",
    r"J = \nabla V(s)^\top \nabla V(s)^\top": "found a row times a row over the parameters. Transpose one",
    r"J = \nabla V(s) \nabla V(s)": "found a column times a column over the parameters. Transpose one",
    r"J = V(s)^\top \nabla V(s)": "found a transpose of a number, or a division by a vector. Correct it",
    r"J = \gamma^T V(s)": "found the power T; a power is a number, a time, or a difference of times",
    r"J = \|\nabla J\|": "found a norm; the square of a Euclidean one, and the largest value of a function, are read",
    r"J = \mathrm{Var}(R(\tau), J)": "found Var of 2 arguments",
    r"J = \mathrm{Var}[Q(s,a)]": "found an expectation that does not say over what. Write what is drawn",
    r"a \in \arg\max_{a'} Q(s,a')": "found a choice of a, and no statement about every a. Write \\forall a behind it",
    r"V^*(s) = Q^*(s,a), \quad a \in \arg\max_{a'} Q^*(s,a')":
        "found a condition, a member of an argmax; statements without conditions are read",
    r"\pi^*(s) = \arg\max_a Q^*(s,a)": "found \\pi with \\pi_*; optimal quantities are V^*, Q^*, h^* and J^*",
    r"V(s) = J \quad \forall s, Q(s,a)": "found a comma between factors. Complete the formula",
    r"J = sum_s \mu(s) V(s)": "found sum, which TeX reads as a product of letters. Write \\sum",
    r"grad J = 0": "found grad, which TeX reads as a product of letters. Write \\nabla",
    r"V(s) \ge R_{\min}": "found R_\\min without arguments; it has no meaning here. Define it in the note, as in x := ...",
    r"\|V(s)\|_\infty \le 3": "found a norm of more than a sum of functions like V and Q, without arguments",
    r"\sum_s \mu(s) \|V\|_\infty = 3": "found a norm that is not of a function like V or Q, or inside of a sum",
    r"J' - J \ge D_{KL}(\pi \| \pi')": "found a divergence of policies without a state beside others. Write pi(.|s)",
    r"J + D_{KL}(\pi \| \pi') \ge 0": "found a divergence of policies without a state beside others. Write pi(.|s)",
    r"\sum_s \mu(s) D_{KL}(\pi \| \pi') \ge 0":
        "found a divergence of policies without a state in a sum or mean. Write pi(.|s)",
    r"D_{KL}(\pi(\cdot|s) \| \pi') \ge 0": "found a divergence of policies in two states, or in one of them only",
    r"D_{KL}(p \| q) \ge 0": "found a divergence of p; that of two policies is read",
    r"D_{KL}^{\max}(\pi \| \pi') \ge 0": "found a divergence with an index, or without its two arguments",
    r"\mathcal{H}(\pi(\cdot|s)) \ge 0": "found \\mathcal{H}(s); \\mathcal{H} has no such meaning, and the note does not "
        "define it before this place. Define it, as in x := ...",
    r"Q(s) = V(s)": "found Q with 1 arguments; it is taken at s, a",
    r"\sum_\tau R(\tau) = 1": "found a sum over runs without the probability of a run as a factor. Write P(tau)",
    r"V(s) = J \quad (1)": "found a wide gap inside of a formula: is what follows a remark? Put it beside it",
}  # fmt: skip


@pytest.mark.parametrize(("latex", "reason"), REFUSED.items())
def test_what_lies_outside_is_refused_with_its_reason(latex, reason):
    found = [r for r in relations(latex) if r.claim is None and r.reason]
    assert found, [str(r.claim) for r in relations(latex)]
    assert reason in [r.reason for r in found]


def test_place_of_a_refusal_is_that_of_the_symbol():
    text = "Text.\n\n$$\n\\begin{aligned}\nV(s) &= \\sum_a \\pi(a|s) Q(s,a) \\\\\n&= w(s)\n\\end{aligned}\n$$\n"
    document = NoteDocument.of(text, "note.md")
    places = [(document.place(r.at), bool(r.claim)) for r in read(document, Names())]
    assert places == [("note.md:5:7", True), ("note.md:6:4", False)]


def test_group_of_samples_is_read_as_one_and_the_others():
    found = read_as(
        r"A_i = r_i - \text{mean}(r_1, \dots, r_G) = r_i - \frac1G \sum_{j=1}^G r_j",
        r"\frac{G}{G-1} A_i = r_i - \frac{1}{G-1} \sum_{j=1, j \neq i}^G r_j",
    )
    assert found == [
        "own - (own + others) / size == own - 1 / size * (own + others)",
        "size / (size - 1) * A_note == own - 1 / (size - 1) * others",
    ]


def test_a_word_below_a_letter_is_no_time():
    found = relations(r"R_{\max} = \max_{s,a} |r(s,a)|", r"|V(s)| \le \frac{R_{\text{max}}}{1-\gamma}")
    assert [str(r.claim) if r.claim else r.defines for r in found] == ["R_\\max", "abs(V(s)) <= Rmax / (1 - gamma)"]


def test_entropy_of_a_policy_is_what_the_note_defines():
    entropy = r"\mathcal{H}(\pi(\cdot|s))"
    found = relations(entropy + r" = -\sum_a \pi(a|s)\log\pi(a|s)", r"\sum_s \mu(s) " + entropy + r" \ge 0",
                      entropy.replace("pi", "pi'") + r" \ge 0")  # fmt: skip
    assert found[0].defines == "\\mathcal{H}(.)"
    assert str(found[1].claim.statement) == (
        "let mathcalH(s) = -sum[a] pi(a|s) * log pi(a|s); sum[s] mu(s) * mathcalH(s) >= 0"
    )
    assert found[2].reason == "found \\pi'(*|s) where a state or an action should stand; they are called s and a"


def test_chain_goes_on_in_the_next_block():
    assert read_as(r"V(s) = \mathbb{E}_\pi[Q(s,a)]", r"= \sum_a \pi(a|s) Q(s,a)")[1] == (
        "sum[a] pi(a|s) * Q(s,a) == sum[a] pi(a|s) * Q(s,a)"
    )


def test_definition_of_the_note_comes_before_what_is_usual():
    found = relations(r"R(\tau) = \sum_{t=0}^{T} r_t", r"J = \mathbb{E}_{\tau\sim\pi}[R(\tau)]")
    assert str(found[1].claim.statement) == "let R_note = sum[t] r_t; J == E[tau] R_note"
    found = relations(
        r"d^\pi(s) = \sum_{t=0}^\infty \gamma^t \Pr(s_t = s)", r"J = \sum_s d^\pi(s) \sum_a \pi(a|s) r(s,a)"
    )
    assert "let d_note(s) = E[tau] sum[t] gamma^t * 1[s_t=s];" in str(found[1].claim.statement)


def test_what_a_definition_does_not_say_in_our_words_is_not_used():
    found = read_as(r"d(s) = 2 \lim_{t\to\infty} \Pr(s_t = s)", r"J = \sum_s d(s) V(s)")
    assert found == [
        "refused: found d(.), which line 2 defines in a way that was not read (found a limit, which is not read in a formula)"
    ]


def test_weights_from_a_start_state_are_those_that_the_note_defines():
    formulas = [
        r"\eta(s|s_0) = \sum_{k=0}^\infty \gamma^k P_\pi^k(s_0 \to s)",
        r"\mu(s|s_0) = (1-\gamma) \eta(s|s_0)",
        r"V(s_0) = \frac{1}{1-\gamma} \mathbb{E}_{s \sim \mu(s|s_0)}\left[\sum_a \pi(a|s) r(s,a)\right]",
    ]
    (claim,) = read_as(*formulas)
    assert claim == "V(s0) == 1 / (1 - gamma) * sum[s] mu_note(s,s0) * sum[a] pi(a|s) * r(s,a)"


def test_mean_that_does_not_say_over_what_is_over_runs_where_it_is_of_their_steps():
    """A letter that nothing defines is no step, and the reason names what is not known."""
    assert read_as(
        r"\mathbb{E}[r_t + \gamma V(s_{t+1}) - V(s_t) \mid s_t, a_t] = A(s_t,a_t)",
        r"\nabla J = \mathbb{E}[\sum_t \gamma^t \nabla\log\pi(a_t|s_t) Q(s_t,a_t)]",
        r"\nabla J = \mathbb{E}[\sum_t \gamma^t \nabla\log\pi(a_t|s_t) \hat A_t]",
        r"\mathrm{Var}(X) = E[X^2] - E[X]^2",
    ) == [
        "E[tau | s_0=s, a_0=a] (r_0 + gamma * V(s_1) - V(s_0)) == A(s,a)",
        "grad J == E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * Q(s_t,a_t)",
        "refused: found \\hat{A}_t without arguments; it has no meaning here. Define it in the note, as in x := ...",
        "refused: found an expectation that does not say over what. Write what is drawn",
    ]


TD = r"The TD error $\delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)$ is usual." + "\n\n"
GAE = r"\hat A_t = \sum_{l=0}^\infty (\gamma\lambda)^l \delta_{t+l}"


def test_definition_in_a_sentence_holds_and_is_shifted_in_time():
    found = relations(GAE, r"\nabla J = \mathbb{E}[\sum_t \gamma^t \nabla\log\pi(a_t|s_t) \hat A_t]", note=TD)
    assert [r.defines for r in found] == [r"\delta_t", r"\hat{A}_t", ""]
    assert str(found[-1].claim.statement) == (
        "for all lambda: let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t); let hatA(t) = "
        "sum[l>=t] (gamma * lambda)^(l-t) * delta(l); grad J == E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * hatA(t)"
    )


@pytest.mark.parametrize(
    ("sentence", "read"),
    {
        r"With SARSA $\delta_t = r_t + \gamma Q(s_{t+1},a_{t+1}) - Q(s_t,a_t)$.":
            "refused: found \\delta_0, which line 1 defines in a way that was not read (line 3 defines it otherwise)",
        "": "J == E[tau] delta(0)",
        r"At the end $\delta_t = 0$.": "J == E[tau] delta(0)",  # a condition, and no definition
    }.items(),
)  # fmt: skip
def test_second_definition_in_a_sentence_takes_the_meaning_away(sentence, read):
    assert read_as(r"J = \mathbb{E}_\tau[\delta_0]", note=TD + sentence + "\n\n") == [read]


def test_definition_keeps_its_second_policy():
    """What is defined with pi_old and used beside pi_new is about three policies."""
    assert read_as(r"L := J(\pi_{old})", r"L = J(\pi_{new})")[-1] == (
        "refused: found two policies beside \\pi, \\pi_new and \\pi_old; one is read. Write \\pi for one of them"
    )


def test_name_that_is_defined_twice_has_no_meaning_after_that():
    """A second formula of one name may be an error or a new definition; a recursion is a claim."""
    again = [r"R(\tau) = \sum_t r_t", r"R(\tau) = \sum_t \gamma^t r_t", r"J = E_\pi[R(\tau)]"]
    assert read_as(*again)[1] == (
        "refused: found R(.), which line 2 defines in a way that was not read (line 6 defines it otherwise)"
    )
    assert read_as(r"G_t = \sum_{k=t}^\infty \gamma^{k-t} r_k", r"G_t = r_t + \gamma G_{t+1}", r"J = E_\pi[G_0]")[
        1
    ] == ("J == E[tau] G_note(0)")


def test_probability_of_a_run_is_what_it_is_said_to_be():
    """The product of what happens is its definition; with a factor less it is none, and refused."""
    run = r"P(\tau|\theta) = \rho_0(s_0) \prod_{t=0}^{T-1} P(s_{t+1}|s_t,a_t) \pi_\theta(a_t|s_t)"
    assert [r.defines for r in relations(run)] == ["P(\\tau)"]
    (less,) = relations(run.replace(r"\pi_\theta(a_t|s_t)", ""))
    assert str(less.claim) == "E[tau] (P(tau) - mu0(s_0) * prod[t] P(s_{t+1}|s_t,a_t))^2 == 0"
    (kept,) = read_as(r"P(\tau) R(\tau) = P(\tau) (R(\tau)) + R(\tau)")  # no factor of all of the right side
    assert kept == "E[tau] (P(tau) * G - (P(tau) * G + G))^2 == 0"


def test_list_of_states_and_actions_says_what_a_run_is():
    assert [r.defines for r in relations(r"\tau = (s_0, a_0, r_0, s_1, \dots)", r"\tau = (1, 2)")] == ["\\tau", ""]


def test_limit_of_the_distribution_of_a_state_is_the_stationary_one():
    assert read_as(
        r"d^\pi(s) = \lim_{t\to\infty} \Pr(s_t = s \mid s_0, \pi_\theta)", r"J = \sum_s d^\pi(s) V^\pi(s)"
    ) == ["J == sum[s] mu(s) * V(s)"]


def test_steps_that_are_counted_from_one_weigh_gamma_to_their_number():
    """gamma^t at the first step, which is 1 there and 0 here, is gamma."""
    assert read_as(r"J = \mathbb{E}_{\tau\sim\pi}\left[\sum_{t=1}^{T} \gamma^{t-1} r(s_t,a_t)\right]") == [
        "J == E[tau] sum[t] gamma^t * r(s_t,a_t)"
    ]
    assert read_as(r"J = \mathbb{E}_{\tau\sim\pi}\left[\sum_{t=1}^{T} \gamma^{t} r(s_t,a_t)\right]") == [
        "J == E[tau] sum[t] gamma^(t+1) * r(s_t,a_t)"
    ]


def test_sum_from_one_among_sums_from_zero_is_not_guessed():
    """Does it leave out a step, or count from one?  Where the step 0 is named, it leaves it out."""
    from_zero = r"J = \mathbb{E}_{\tau\sim\pi}\left[\sum_{t=0}^T r_t\right]"
    assert read_as(from_zero, r"J = \mathbb{E}_{\tau\sim\pi}\left[\sum_{t=1}^T r_t\right]")[1] == (
        "refused: found a sum from step 1 in a note that counts from 0: does it leave out the first step?"
    )
    assert read_as(r"J = \mathbb{E}_{\tau\sim\pi}\left[r_0 + \sum_{t=1}^T r_t\right]") == [
        "J == E[tau] (r_0 + sum[t>=1] r_t)"
    ]


def test_rewards_that_come_a_step_late_are_those_of_their_step():
    """Sutton and Barto's R_{t+1} is the reward of step t."""
    assert read_as(r"V(s) = \mathbb{E}_\pi[r_{t+1} + \gamma V(s_{t+1}) | s_t = s]") == [
        "V(s) == E[tau | s_0=s] (r_0 + gamma * V(s_1))"
    ]
    assert read_as(r"V(s) = \mathbb{E}_\pi[r_t + \gamma r_{t+1} + \gamma^2 V(s_{t+2}) | s_t = s]") == [
        "V(s) == E[tau | s_0=s] (r_0 + gamma * r_1 + gamma^2 * V(s_2))"
    ]


def test_capital_letters_are_those_of_sutton_and_barto():
    """R_{t+1} is the reward of step t where G_t is the return; else it may be the return, and is not guessed."""
    assert read_as(r"v_\pi(s) = \mathbb{E}_\pi[G_t \mid S_t = s] = \mathbb{E}_\pi[R_{t+1} + \gamma G_{t+1} \mid S_t = s]") == [
        "V(s) == E[tau | s_0=s] G_0", "E[tau | s_0=s] G_0 == E[tau | s_0=s] (r_0 + gamma * G_1)",
    ]  # fmt: skip
    assert read_as(
        r"q_\pi(s,a) = \mathbb{E}_\pi\left[\sum_{k=0}^\infty \gamma^k R_{t+k+1} | S_t = s, A_t = a\right]", r"G_t = G_t"
    )[:1] == ["Q(s,a) == E[tau | s_0=s, a_0=a] sum[k] gamma^k * r_k"]
    for formulas in ([r"J = \mathbb{E}_\pi\left[\sum_{t=0}^T R_t\right]"],
                     [r"J = \mathbb{E}_\pi\left[\sum_{t=0}^T R_t\right]", r"G_t = r_t + \gamma G_{t+1}"]):  # fmt: skip
        assert read_as(*formulas)[:1] == [
            "refused: found R_t: the reward of step t, or the return from it? Define it, as in R_t := ..."
        ]


VALUE = r"V^\pi(s) = \mathbb{E}_\pi\left[\sum_{k=0}^\infty \gamma^k R_{t+k+1} \mid S_t = s\right]"


def test_capital_reward_of_the_next_time_is_that_of_the_step_where_states_are_capital():
    (found,) = relations(VALUE)
    assert str(found.claim) == "V(s) == E[tau | s_0=s] sum[k] gamma^k * r_k"
    document = NoteDocument.of("$$" + VALUE + "$$", "note.md")
    assert ("R_{t+1}", "the reward of step t, as Sutton and Barto write it") in audit_note(
        document, "two-state"
    ).readings
    assert read_as(VALUE, r"J = \mathbb{E}_\pi\left[\sum_{t=0}^\infty \gamma^t r_t\right]") == [
        "V(s) == E[tau | s_0=s] sum[k] gamma^k * r_k", "J == E[tau] sum[t] gamma^t * r_t",
    ]  # fmt: skip
    asked = "refused: found R_t: the reward of step t, or the return from it? Define it, as in R_t := ..."
    assert read_as(VALUE.replace("S_t", "s_t")) == [asked]
    assert read_as(VALUE, r"V(s) = \mathbb{E}_\pi[R_t \mid S_t = s]") == [asked, asked]  # the return, or a reward
    assert read_as(VALUE, r"R_t = R_{t+1} + \gamma V(S_{t+1})")[0] == asked


def test_rewards_in_two_conventions_are_not_guessed():
    found = read_as(
        r"G_t = \sum_{k=t+1}^T \gamma^{k-t-1} r_k", r"J = \mathbb{E}_\pi\left[\sum_{t=0}^T \gamma^t r_t\right]"
    )
    assert (
        found[-1]
        == "refused: found a reward at a time in a note that writes the reward of step t as r_t and as r_{t+1}"
    )


def test_equation_of_one_time_is_one_for_every_time():
    """The weights (1/2)^t are positive and make the sum finite."""
    assert read_as(r"\mathbb{E}_\pi[G_0] = J", r"r_t + \gamma G_{t+1} = G_t")[1] == (
        "E[tau] sum[t] (1/2)^t * (r_t + gamma * G_{t+1} - G_t)^2 == 0"
    )


def test_commands_of_the_note_are_replaced():
    note = r"\newcommand{\E}[2]{\mathbb{E}_{#1}\left[#2\right]} \newcommand\pt{\pi_\theta}" + "\n\n"
    assert read_as(r"J = \E{\tau\sim\pt}{R(\tau)}", note=note) == ["J == E[tau] G"]
    assert read_as(r"J = \x", note="\\newcommand{\\x}{\\x\\x}\n\n") == [
        "refused: found \\x after 200 others, which are replaced. Simplify it"
    ]
    assert read_as(r"J = \E{\tau}", note=note) == ["refused: found \\E without its arguments. Simplify it"]


def test_mean_of_one_step_is_that_of_the_step_of_a_run():
    assert read_as(
        r"\nabla J = \sum_{t=0}^T \mathbb{E}_{s_t\sim p_\theta(s_t), a_t\sim\pi_\theta(a_t|s_t)}[\nabla\log\pi(a_t|s_t) Q(s_t,a_t)]"
    ) == ["grad J == E[tau] sum[t] grad log pi(a_t|s_t) * Q(s_t,a_t)"]
    (found,) = read_as(r"J = \sum_{t=0}^T \mathbb{E}_{s_t\sim d_\theta(s_t)}[V(s_t)]")
    assert found == "refused: found states and actions drawn inside of a mean over runs. Take it apart"


def test_lost_sum_is_a_finding_of_its_own():
    (found,) = relations(r"\nabla J = \sum_a \nabla\pi(a|s) Q(s,a)")
    assert found.finding == "the state s stands on one side only: a sum or mean over it is missing"


def test_prose_says_what_a_letter_is():
    assert read_as(r"J = \sum_s \rho(s) V(s)", note="Here $\\rho^\\pi(s)$ is the stationary distribution.\n\n") == [
        "J == sum[s] mu(s) * V(s)"
    ]
    assert read_as(r"J = \sum_s \rho(s) V(s)", read_as=["rho: d"]) == ["J == sum[s] d(s) * V(s)"]


MUTANTS = {
    r"V(s) = \sum_a \pi(a|s) Q(s,a)": r"V(s) = \sum_a Q(s,a)",
    r"\nabla J = \mathbb{E}_{\tau\sim\pi}[\sum_{t=0}^T \nabla\log\pi(a_t|s_t) R(\tau)]":
        r"\nabla J = \mathbb{E}_{\tau\sim\pi}[\nabla\log\pi(a_t|s_t) R(\tau)]",
    r"J = \mathbb{E}_{\tau\sim\pi}[\sum_{t'=t}^T r_{t'}]": r"J = \mathbb{E}_{\tau\sim\pi}[\sum_{t'=0}^T r_{t'}]",
    r"V(s) \le V^*(s)": r"V(s) \ge V^*(s)",
    r"P_\pi^2(s \to s') = P_\pi(s \to s')": r"P_\pi^3(s \to s') = P_\pi(s \to s')",
    r"V(s_t) = \sum_{t'=t}^T E_\pi[r_{t'}|s_t]": r"V(s_t) = \sum_{t'=t}^T E_{\pi'}[r_{t'}|s_t]",
    r"Q(s,a) = \sum_{s',r} p(s',r|s,a)[r + V(s')]": r"Q(s,a) = \sum_{s',r} p(s',r|s,a)[r + V(s)]",
    r"\sum_a \sum_s \mu(s) \pi(a|s) = 1": r"\sum_a \mu(s) \pi(a|s) = 1",
    r"V^*(s) = \max_a Q^*(s,a)": r"V^*(s) = \max_a Q(s,a)",
    r"|V(s)| \le |J|": r"V(s) \le |J|",
    r"J^* = \max_\pi J(\pi)": r"J = \max_\pi J(\pi)",
    r"\int_a Q(s,a) \nabla d\pi(a|s) = 0": r"\int_a \nabla Q(s,a) d\pi(a|s) = 0",
}  # fmt: skip


@pytest.mark.parametrize(("latex", "mutant"), MUTANTS.items())
def test_reading_tells_a_formula_from_its_mutant(latex, mutant):
    assert read_as(latex) != read_as(mutant)


OFF = r"V(s) = \mathbb{E}_{a\sim\beta}\left[ \frac{\pi_\theta(a|s)}{\beta(a|s)} Q^\pi(s,a) \right] + d^\beta(s)"


@pytest.mark.parametrize(
    ("note", "letter", "told"),
    [
        (r"Let $\beta(a|s)$ be a behavior policy.", r"\beta", ()), (r"The behaviour policy $\mu$, say.", r"\mu", ()),
        (r"Runs of a data-collection policy \\(\pi_{b}\\).", r"\pi_{b}", ()), ("", r"\pi_\phi", ("pi_phi: pi'",)),
        ("", r"\pi_{\text{ref}}", (r"\pi_{ref}: pi'",)), ("", r"\beta", ("beta: pi'",)),
    ],
)  # fmt: skip
def test_behaviour_policy_is_the_second_one_where_the_note_or_the_reader_says_so(note, letter, told):
    found = read_as(OFF.replace(r"\beta", letter), note=note + "\n\n", read_as=told)
    assert found == ["V(s) == sum[a] pi'(a|s) * (pi(a|s) / pi'(a|s) * Q(s,a)) + mu'(s)"]


@pytest.mark.parametrize(
    "note",
    [
        r"A policy $\beta$.", r"The target policy $\pi$ and $\beta$.", r"The behaviour policy of $\beta$.", r"$\beta$ is no behaviour policy.",
        r"The behaviour policy $\beta$, or the behaviour policy $\mu$.", r"The behaviour policy $\beta$ is no $\pi'$, and $\pi'$ is new.",
    ],
)  # fmt: skip
def test_letter_that_is_not_called_a_behaviour_policy_is_none(note):
    (found,) = read_as(OFF, note=note + "\n\n")
    assert found.startswith(r"refused: found an action drawn from \beta")


def test_a_primed_reward_is_what_the_note_defines():
    shaped = r"r'(s,a) = r(s,a) + \gamma \sum_{s'} P(s'|s,a) b(s') - b(s)"
    assert read_as(shaped, r"J = \sum_s \mu(s) \sum_a \pi(a|s) r'(s,a)") == [
        "J == sum[s] mu(s) * sum[a] pi(a|s) * r_note(s,a)"
    ]


def test_a_function_with_other_parameters_is_another_one():
    first, second = r"f(s;w) = V(s)", r"f(s;u) = V(s) + 1"
    assert read_as(first, second, r"f(s;w) = f(s;u) - 1") == ["fw(s) == fu(s) - 1"]


@pytest.mark.parametrize(
    "every", [r"\forall s", r"\forall s \in \mathcal{S}^+, a \in \mathcal{A}(s)", r"s \in S", r"\text{for all states}",
              r"\text{for every } s \in \mathcal{S}", r"\forall t \ge 0", r"\text{(by definition)}"]
)  # fmt: skip
def test_what_is_said_of_everything_is_no_condition(every):
    assert read_as(rf"V(s) = \sum_a \pi(a|s) Q(s,a), \quad {every}") == ["V(s) == sum[a] pi(a|s) * Q(s,a)"]


def test_rows_may_follow_from_one_another():
    assert read_as(r"V(s) = V(s) \\ \implies J = J") == ["V(s) == V(s)", "J == J"]


@pytest.mark.parametrize(
    ("prose", "said"),
    {
        r"Let $d(s)$ be the start distribution and $\mu(s)$ the stationary distribution.": {"d": ("mu0",), "\\mu": ("mu",)},
        r"Here $\rho$ is the initial state distribution, $d^\pi$ the discounted state visitation distribution.":
            {"\\rho": ("mu0",), "d": ("eta", "d")},
        r"The discounted stationary distribution $d^\pi$ of TRPO.": {"d": ("eta", "d")},
        r"The weights $d(s)$, which are the stationary distribution of the chain.": {"d": ("mu",)},
        r"$d(s)$ is not the stationary distribution.": {},
        r"Unlike the stationary distribution, $d(s)$ depends on the start.": {},
        r"For $\gamma=1$ it is $d$, the stationary distribution; else $d$ is the discounted distribution.": {},
    }.items(),
)  # fmt: skip
def test_prose_gives_a_letter_the_meaning_of_its_own_clause(prose, said):
    found = conventions(NoteDocument.of(f"{prose}\n\n$$J = J$$", "note.md")).said
    assert {key: meanings for key, (meanings, _) in found.items()} == said


def test_a_definition_keeps_its_second_policy():
    given = r"f(s) = \sum_a \pi_{old}(a|s) Q(s,a)"
    assert read_as(given, r"V^{\pi_{old}}(s) = f(s)", r"V^{\pi'}(s) = f(s)") == [
        "V'(s) == f_note(s)", "refused: " + SECONDS.format("\\pi' and \\pi_old")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Let $\\rho(s)$ be the stationary distribution, and $d(s)$ the discounted state distribution.",
         {"\\rho": ("mu",), "d": ("eta", "d")}),
        ("Here $\\mu(s)$ is the stationary distribution and $\\eta(s)$ counts visits.", {"\\mu": ("mu",)}),
        ("With $d(s)$, the stationary distribution, and $\\rho_0$, the start distribution.", {}),
        ("The discounted stationary distribution $d(s)$.", {"d": ("eta", "d")}),
        ("Both $d(s)$ and $\\mu(s)$ stand for the stationary distribution.", {"\\mu": ("mu",)}),
        ("The stationary distribution is $d(s)$ or $\\mu(s)$.", {}),
        ("$d(s)$ is discounted visits, or the stationary distribution.", {}),
        ("Here $d(s)$ is, as usual, the stationary distribution.", {"d": ("mu",)}),
    ],
)  # fmt: skip
def test_sentence_about_two_letters_says_of_each_what_its_clause_says(sentence, said):
    found = conventions(NoteDocument.of(sentence, "note.md")).said
    assert {key: meanings for key, (meanings, _) in found.items()} == said
