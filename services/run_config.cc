// services/run_config.cc
