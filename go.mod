module github.com/fc-sso/fc-sso

go 1.26.0

require (
	github.com/aliyun/aliyun-tablestore-go-sdk v1.8.0
	github.com/aliyun/fc-runtime-go-sdk v0.3.1
	github.com/beevik/etree v1.8.1
	github.com/crewjam/saml v0.5.1
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/golang/protobuf v1.3.2
	github.com/russellhaering/goxmldsig v1.6.1
	go.etcd.io/bbolt v1.4.3
	go.yaml.in/yaml/v3 v3.0.6
)

require (
	github.com/google/flatbuffers v23.5.26+incompatible // indirect
	github.com/hashicorp/golang-lru v0.5.4 // indirect
	github.com/jonboulle/clockwork v0.5.0 // indirect
	github.com/mattermost/xml-roundtrip-validator v0.1.0 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
