module github.com/fc-sso/fc-sso/scripts/peers

go 1.26.0

replace github.com/fc-sso/fc-sso => ../..

require (
	github.com/alibabacloud-go/darabonba-openapi/v2 v2.1.16 // indirect
	github.com/alibabacloud-go/sts-20150401/v2 v2.0.4 // indirect
	github.com/alibabacloud-go/tea v1.5.1 // indirect
)
