<?php

$fixture = require __DIR__ . '/fixture.php';

$config = ['people' => ['exampleauth:UserPass']];
foreach ($fixture['people'] as $person) {
    foreach ([$person['username'], $person['email']] as $name) {
        $config['people'][$name . ':' . $person['password']] = [
            'uid' => [$person['username']],
            'mail' => [$person['email']],
            'displayName' => [$person['name']],
            'groups' => $person['groups'],
        ];
    }
}
