<?php

/** What `start` decided: base, state, sp_metadata, sign, encrypt, people. */
return json_decode(getenv('IDP_FIXTURE'), true, 16, JSON_THROW_ON_ERROR);
