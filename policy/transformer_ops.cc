// policy/transformer_ops.cc
