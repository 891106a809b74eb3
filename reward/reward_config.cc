#include "reward/reward_config.h"
