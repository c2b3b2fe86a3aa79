"""Adam, without what torch loads for compiled networks."""

from inspect import unwrap

import torch


class Adam(torch.optim.Adam):
    """Torch's Adam, step by step the same, which does not load torch's compiler.

    Torch wraps these methods so that its compiler leaves them alone, and loads the compiler for it:
    two seconds before every training, of which nothing is compiled here.
    """

    add_param_group = unwrap(torch.optim.Optimizer.add_param_group)
    zero_grad = unwrap(torch.optim.Optimizer.zero_grad)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))
