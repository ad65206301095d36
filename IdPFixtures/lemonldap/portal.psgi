# LemonLDAP::NG's portal with its static files. At the first request at which the service provider's metadata can be
# read, it does what an administrator does once in the manager: stores a configuration with that service provider.
use strict;
use warnings;
use JSON;
use Lemonldap::NG::Portal::Main;
use LWP::UserAgent;
use Plack::App::File;
use Plack::Builder;

my ( $state, $source ) = @ENV{qw(IDP_FIXTURE_STATE IDP_FIXTURE_SP_METADATA)};
my $registered = 0;

sub contents {
    my ($file) = @_;
    open my $handle, '<:raw', $file or return;
    local $/;
    return scalar <$handle>;
}

sub service_provider_metadata {
    return contents($source) unless $source =~ m{^https?://};
    my $answer = LWP::UserAgent->new( timeout => 5, max_size => 1 << 20 )->get($source);
    return $answer->is_success ? $answer->decoded_content( charset => 'none' ) : undef;
}

sub register_service_provider {
    my $newer = "$state/conf/lmConf-2.json";
    unless ( -e $newer ) {
        my $metadata = service_provider_metadata();
        return warn "no service provider yet: $source cannot be read\n" unless $metadata;
        my $configuration = decode_json( contents("$state/conf/lmConf-1.json") );
        my $provider      = decode_json( contents("$state/sp.json") );
        $configuration->{cfgNum} = 2;
        $configuration->{$_}->{ztna} = $provider->{$_} for keys %$provider;
        $configuration->{samlSPMetaDataXML}->{ztna}->{samlSPMetaDataXML} = $metadata;
        open my $handle, '>:raw', "$newer.$$" or die $!;
        print {$handle} encode_json($configuration);
        close $handle or die $!;
        rename "$newer.$$", $newer or die $!;
    }
    Lemonldap::NG::Handler::Main->checkConf(1) or die "the portal does not take the service provider\n";
    $registered = 1;
    return;
}

my $portal = Lemonldap::NG::Portal::Main->run( {} );

builder {
    mount '/static'     => Plack::App::File->new( root => '/usr/share/lemonldap-ng/portal/htdocs/static' )->to_app;
    mount '/javascript' => Plack::App::File->new( root => '/usr/share/javascript' )->to_app;
    mount '/'           => sub {
        register_service_provider() unless $registered;
        return $portal->(@_);
    };
};
