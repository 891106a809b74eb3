#include "rollout/rollout_config.h"
