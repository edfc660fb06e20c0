// Calls a webhook with kube-apiserver's own code (k8s.io/apiserver), as a server of that version would.
//
//	library authenticate KUBECONFIG VERSION AUDIENCE   a token a line
//	library authorize AUTHORIZATION-CONFIGURATION      a request in JSON a line
//
// Each line is answered by one line of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/load"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/authorization/cel"
	"k8s.io/apiserver/pkg/util/webhook"
	tokens "k8s.io/apiserver/plugin/pkg/authenticator/token/webhook"
	requests "k8s.io/apiserver/plugin/pkg/authorizer/webhook"
	"k8s.io/apiserver/plugin/pkg/authorizer/webhook/metrics"
)

type answer map[string]any

func fail(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func forEachLine(work func(line []byte) answer) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		fail(json.NewEncoder(os.Stdout).Encode(work(lines.Bytes())))
	}
	fail(lines.Err())
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func authenticate(kubeconfig, version, audience string) {
	config, err := webhook.LoadKubeconfig(kubeconfig, nil)
	fail(err)
	audiences := authenticator.Audiences{audience}
	asked, err := tokens.New(config, version, audiences, *tokens.DefaultRetryBackoff())
	fail(err)
	forEachLine(func(line []byte) answer {
		response, ok, err := asked.AuthenticateToken(authenticator.WithAudiences(context.Background(), audiences), string(line))
		made := answer{"authenticated": ok, "error": text(err)}
		if ok {
			made["user"] = user.DefaultInfo{
				Name: response.User.GetName(), UID: response.User.GetUID(), Groups: response.User.GetGroups(),
				Extra: response.User.GetExtra(),
			}
			made["audiences"] = response.Audiences
		}
		return made
	})
}

// As kube-apiserver's pkg/kubeapiserver/authorizer does it.
func ttl(given time.Duration, isCached bool) time.Duration {
	if !isCached {
		return 0
	}
	return given
}

func authorizers(file string) (made []authorizer.Authorizer, types []string) {
	configuration, err := load.LoadFromFile(file)
	fail(err)
	compiler := cel.NewDefaultCompiler()
	known := sets.New("AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node")
	fail(validation.ValidateAuthorizationConfiguration(
		compiler, field.NewPath(""), configuration, known, sets.New("Webhook")).ToAggregate())
	for _, one := range configuration.Authorizers {
		types = append(types, string(one.Type))
		if one.Type != apiserver.TypeWebhook {
			continue
		}
		config, err := webhook.LoadKubeconfig(*one.Webhook.ConnectionInfo.KubeConfigFile, nil)
		fail(err)
		config.Timeout = one.Webhook.Timeout.Duration
		onError := authorizer.DecisionNoOpinion
		if one.Webhook.FailurePolicy == apiserver.FailurePolicyDeny {
			onError = authorizer.DecisionDeny
		}
		asked, err := requests.New(
			config, one.Webhook.SubjectAccessReviewVersion,
			ttl(one.Webhook.AuthorizedTTL.Duration, one.Webhook.CacheAuthorizedRequests),
			ttl(one.Webhook.UnauthorizedTTL.Duration, one.Webhook.CacheUnauthorizedRequests),
			*requests.DefaultRetryBackoff(), onError, one.Webhook.MatchConditions, one.Name,
			metrics.NoopAuthorizerMetrics{}, compiler)
		fail(err)
		made = append(made, asked)
	}
	return made, types
}

func authorize(file string) {
	made, types := authorizers(file)
	if len(made) != 1 {
		log.Fatalf("%d webhook authorizers", len(made))
	}
	forEachLine(func(line []byte) answer {
		var asked struct {
			User                                   user.DefaultInfo
			Verb, Group, Resource, Namespace, Path string
		}
		fail(json.Unmarshal(line, &asked))
		decision, reason, err := made[0].Authorize(context.Background(), authorizer.AttributesRecord{
			User: &asked.User, Verb: asked.Verb, APIGroup: asked.Group, APIVersion: "v1", Resource: asked.Resource,
			Namespace: asked.Namespace, ResourceRequest: asked.Path == "", Path: asked.Path,
		})
		return answer{"decision": fmt.Sprint(decision), "reason": reason, "error": text(err), "authorizers": types}
	})
}

func main() {
	if len(os.Args) == 5 && os.Args[1] == "authenticate" {
		authenticate(os.Args[2], os.Args[3], os.Args[4])
	} else if len(os.Args) == 3 && os.Args[1] == "authorize" {
		authorize(os.Args[2])
	} else {
		log.Fatal("usage: library authenticate KUBECONFIG VERSION AUDIENCE | library authorize FILE")
	}
}
