<?php

// What an administrator does once with the "XML to SimpleSAMLphp metadata converter", done at the first request:
// the service provider may start after us.
$fixture = require dirname(__DIR__) . '/fixture.php';
$copy = $fixture['state'] . '/sp.xml';
$document = @file_get_contents(is_file($copy) ? $copy : $fixture['sp_metadata']);
if ($document === false || $document === '') {
    error_log('no service provider yet: ' . $fixture['sp_metadata'] . ' cannot be read');
} else {
    foreach (SimpleSAML\Metadata\SAMLParser::parseDescriptorsString($document) as $entity) {
        $provider = $entity->getMetadata20SP();
        if ($provider !== null) {
            // WantAssertionsSigned would win over saml20-idp-hosted.php.
            $provider['saml20.sign.assertion'] = $fixture['sign'] !== 'response';
            $metadata[$provider['entityid']] = $provider;
        }
    }
    file_put_contents($copy, $document);
}
