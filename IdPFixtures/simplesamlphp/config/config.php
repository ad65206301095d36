<?php

$fixture = require __DIR__ . '/fixture.php';

$config = [
    'baseurlpath' => $fixture['base'] . '/simplesaml/',
    'application' => ['baseURL' => $fixture['base']],
    'certdir' => $fixture['state'] . '/',
    'loggingdir' => $fixture['state'] . '/',
    'datadir' => $fixture['state'] . '/',
    'tempdir' => $fixture['state'] . '/tmp',
    'metadatadir' => __DIR__ . '/metadata/',
    'attributenamemapdir' => '/etc/simplesamlphp/attributemap/',
    'timezone' => 'UTC',
    // Constant, so that persistent NameIDs are the same at every start.
    'secretsalt' => 'a fixture has no secrets, a deployment must choose its own',
    'auth.adminpassword' => bin2hex(random_bytes(16)),
    'admin.checkforupdates' => false,
    'technicalcontact_name' => 'Fixture',
    'technicalcontact_email' => 'fixture@example.com',
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'exampleauth' => true, 'saml' => true],
    'logging.level' => SimpleSAML\Logger::INFO,
    'logging.handler' => 'errorlog',
    'logging.format' => '%level %msg',
    'showerrors' => true,
    'errorreporting' => false,
    'language.default' => 'en',
    'store.type' => 'phpsession',
    // Cookies do not tell ports apart.
    'session.cookie.name' => 'SimpleSAML' . parse_url($fixture['base'], PHP_URL_PORT),
    'session.phpsession.cookiename' => 'SimpleSAMLSession' . parse_url($fixture['base'], PHP_URL_PORT),
    'session.phpsession.savepath' => $fixture['state'],
    'session.authtoken.cookiename' => 'SimpleSAMLAuthToken' . parse_url($fixture['base'], PHP_URL_PORT),
    'session.cookie.secure' => false,
    'metadata.sources' => [['type' => 'flatfile']],
    'authproc.idp' => [
        // One NameID of each format; the request's NameIDPolicy chooses.
        10 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'],
        11 => [
            'class' => 'saml:AttributeNameID',
            'attribute' => 'mail',
            'Format' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
        ],
        12 => ['class' => 'saml:TransientNameID'],
    ],
];
