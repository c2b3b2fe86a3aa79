"""The graph layers of AASIST: attention among nodes, and the pooling of nodes.

After Jung et al. 2022, "AASIST: Audio Anti-Spoofing using Integrated Spectro-Temporal Graph
Attention Networks" (ICASSP), section 3.
"""

import torch
from torch import Tensor, nn


class GraphAttention(nn.Module):
    """Attention among the nodes of one graph.

    Parameters
    ----------
    size : int
        Numbers of a node on the way in.
    out : int
        Numbers of a node on the way out.
    temperature : float
        Divides what the softmax is taken of.
    dropout : float
        Of the nodes' numbers, in training.
    """

    def __init__(self, size: int, out: int, temperature: float, dropout: float = 0.2) -> None:
        super().__init__()
        self.edge = nn.Linear(size, out)
        self.edge_weight = nn.Parameter(torch.empty(out, 1))
        self.of_neighbours = nn.Linear(size, out)
        self.of_itself = nn.Linear(size, out)
        self.norm = nn.BatchNorm1d(out)
        self.temperature = temperature
        self.dropout = nn.Dropout(dropout)
        nn.init.xavier_normal_(self.edge_weight)

    def forward(self, nodes: Tensor) -> Tensor:
        """Map nodes (batch, nodes, size) to (batch, nodes, out)."""
        nodes = self.dropout(nodes)
        # An edge is weighed by the product of its ends, so that both directions weigh the same.
        edges = torch.tanh(self.edge(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        weights = ((edges @ self.edge_weight).squeeze(-1) / self.temperature).softmax(dim=-1)
        found = self.of_neighbours(weights @ nodes) + self.of_itself(nodes)
        return nn.functional.selu(self.norm(found.flatten(0, 1)).view_as(found))


class HeterogeneousAttention(nn.Module):
    """Attention among the nodes of two graphs of different kinds, and a master node of both.

    Parameters
    ----------
    size, out, temperature, dropout
        See `GraphAttention`.
    """

    def __init__(self, size: int, out: int, temperature: float, dropout: float = 0.2) -> None:
        super().__init__()
        self.enter_one = nn.Linear(size, size)
        self.enter_two = nn.Linear(size, size)
        self.edge = nn.Linear(size, out)
        self.to_master = nn.Linear(size, out)
        self.weight_one, self.weight_two, self.weight_between, self.weight_master = (
            nn.Parameter(nn.init.xavier_normal_(torch.empty(out, 1))) for _ in range(4)
        )
        self.of_neighbours = nn.Linear(size, out)
        self.of_itself = nn.Linear(size, out)
        self.master_of_nodes = nn.Linear(size, out)
        self.master_of_itself = nn.Linear(size, out)
        self.norm = nn.BatchNorm1d(out)
        self.temperature = temperature
        self.dropout = nn.Dropout(dropout)

    def forward(self, one: Tensor, two: Tensor, master: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map two graphs' nodes and a master node to those of the next layer.

        Parameters
        ----------
        one, two : torch.Tensor
            Nodes of both graphs, (batch, nodes, size).
        master : torch.Tensor
            The master node, (batch, 1, size).
        """
        n_one = one.shape[1]
        nodes = self.dropout(torch.cat([self.enter_one(one), self.enter_two(two)], dim=1))
        edges = torch.tanh(self.edge(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        is_two = (torch.arange(nodes.shape[1], device=nodes.device) >= n_one).long()
        kinds = torch.cat([self.weight_one, self.weight_between, self.weight_two], dim=1)
        all_weights = edges @ kinds
        kind = (is_two[:, None] + is_two[None, :]).expand(nodes.shape[0], -1, -1).unsqueeze(-1)
        weights = all_weights.gather(-1, kind).squeeze(-1)
        weights = (weights / self.temperature).softmax(dim=-1)
        shares = torch.tanh(self.to_master(nodes * master)) @ self.weight_master
        shares = (shares / self.temperature).softmax(dim=-2)
        summary = shares.transpose(1, 2) @ nodes
        master = self.master_of_nodes(summary) + self.master_of_itself(master)
        found = self.of_neighbours(weights @ nodes) + self.of_itself(nodes)
        found = nn.functional.selu(self.norm(found.flatten(0, 1)).view_as(found))
        return found[:, :n_one], found[:, n_one:], master


class GraphPool(nn.Module):
    """Keeps the nodes of the highest learned scores.

    Parameters
    ----------
    share : float
        Of the nodes, that is kept; at least one is.
    size : int
        Numbers of a node.
    dropout : float
        Of what the scores are computed of, in training.
    """

    def __init__(self, share: float, size: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.score = nn.Linear(size, 1)
        self.share = share
        self.dropout = nn.Dropout(dropout)

    def forward(self, nodes: Tensor) -> Tensor:
        """Map nodes (batch, nodes, size) to those kept, each times its score."""
        scores = torch.sigmoid(self.score(self.dropout(nodes)))
        count = max(int(nodes.shape[1] * self.share), 1)
        kept = scores.topk(count, dim=1).indices
        return (nodes * scores).gather(1, kept.expand(-1, -1, nodes.shape[2]))
